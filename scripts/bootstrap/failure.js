// Errors that the user can fix are shown as a message; all others with their stack.

/** A failure whose message says what is wrong and what to do. Printed without a stack, exit code 1. */
export class Failure extends Error {}

/** @param {unknown} error @returns {string} what to print for `error` */
export function explain(error) {
  if (error instanceof Failure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

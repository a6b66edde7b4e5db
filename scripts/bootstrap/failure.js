// Errors that the user can fix are shown as a message; all others with their stack.

/** A failure whose message says what is wrong and what to do. Printed without a stack, exit code 1. */
export class Failure extends Error {}

/** Why nothing can be written, by the system's code for it. */
const REASONS = new Map([
  ["ENOSPC", "no space is left on the device"],
  ["EDQUOT", "your quota of disk space is used up"],
  ["EROFS", "the file system is read-only"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["ENOTDIR", "a file is where a folder should be"],
  ["EEXIST", "a file is where a folder should be"],
  ["EISDIR", "a folder is where a file should be"],
]);
/** What programs print instead of the code. */
const IN_WORDS = [
  [/no space left on device|disk is full|errcode: 28\b/i, "ENOSPC"],
  [/disk quota exceeded/i, "EDQUOT"],
  [/read-only file system/i, "EROFS"],
  [/permission denied|errcode: 13\b/i, "EACCES"],
  [/not a directory|errcode: 20\b/i, "ENOTDIR"],
];

/** @param {unknown} error @returns {string} what to print for `error` */
export function explain(error) {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, path, dest, syscall } = /** @type {NodeJS.ErrnoException & { dest?: string }} */ (error);
  const where = dest ?? path;
  const reason = REASONS.get(code ?? "");
  if (reason === undefined || syscall === undefined || where === undefined) return error.stack ?? error.message;
  return cannotWrite(where, code ?? "", reason);
}

/**
 * Runs `work`, which writes to `path`: some errors of the system, such as that of a full disk, do not say where.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Failure} in one line
 */
export async function writing(path, work) {
  try {
    return await work();
  } catch (error) {
    const { code = "", syscall } = /** @type {NodeJS.ErrnoException} */ (error);
    const reason = REASONS.get(code);
    if (reason === undefined || syscall === undefined) throw error;
    throw new Failure(cannotWrite(path, code, reason));
  }
}

/**
 * @param {string} path where a program writes
 * @param {string} output of the program, which has failed
 * @returns {Failure | undefined} one line, if the program failed because it could not write
 */
export function writeFailure(path, output) {
  const code =
    [...REASONS.keys()].find((name) => new RegExp(`\\b${name}\\b`).test(output)) ??
    IN_WORDS.find(([pattern]) => pattern instanceof RegExp && pattern.test(output))?.[1];
  const reason = REASONS.get(String(code));
  return reason === undefined ? undefined : new Failure(cannotWrite(path, String(code), reason));
}

/** @param {string} path @param {string} code @param {string} reason */
function cannotWrite(path, code, reason) {
  return `Cannot write ${path}: ${reason} (${code}).`;
}

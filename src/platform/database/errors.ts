// Tells the errors of mysql2 apart: which of them say that the database cannot be reached, which that time ran out.
import { Problem } from "../problem.ts";

/** The connection went away, or none could be made. */
const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
  "ER_CON_COUNT_ERROR",
  "ER_USER_LIMIT_REACHED",
  "ER_TOO_MANY_USER_CONNECTIONS",
  "ER_SERVER_SHUTDOWN",
  "ER_CLIENT_INTERACTION_TIMEOUT",
  "ER_CONNECTION_KILLED",
]);

/** The server answers, but takes no writes: after a failover, the connection still leads to the one that was the primary. */
const readOnly = new Set([
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
  "ER_READ_ONLY_MODE",
]);

/** The server says that this configuration can never work. */
const refused = new Set(["ER_ACCESS_DENIED_ERROR", "ER_DBACCESS_DENIED_ERROR", "ER_BAD_DB_ERROR"]);

/** The code of an error from the driver or the system, such as `ER_DUP_ENTRY` or `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The error as the rest of the service knows it: a Problem where the database is at fault, else the error itself. */
export function databaseError(error: unknown): unknown {
  if (error instanceof Problem) return error;
  const code = errorCode(error) ?? "";
  if (code === "PROTOCOL_SEQUENCE_TIMEOUT" || code === "ER_LOCK_WAIT_TIMEOUT") {
    return new Problem("query_timeout", { cause: error });
  }
  const unavailable = readOnly.has(code) || refused.has(code) || meansLostConnection(error);
  return unavailable ? new Problem("database_unavailable", { cause: error }) : error;
}

/** Whether the connection that the error came from is not to be used again, or was never made. */
export function meansLostConnection(error: unknown): boolean {
  const fatal = error instanceof Error && "fatal" in error && error.fatal === true;
  return fatal || unreachable.has(errorCode(error) ?? "");
}

export function meansReadOnly(error: unknown): boolean {
  return readOnly.has(errorCode(causeOf(error)) ?? "");
}

export function meansRefusal(error: unknown): boolean {
  return refused.has(errorCode(causeOf(error)) ?? "");
}

/** The server chose this transaction to end a deadlock, and has undone all of it: run again, it may well succeed. */
export function isDeadlock(error: unknown): boolean {
  return errorCode(error) === "ER_LOCK_DEADLOCK";
}

function causeOf(error: unknown): unknown {
  return error instanceof Problem ? error.options.cause : error;
}

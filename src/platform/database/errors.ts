// Tells the errors of mysql2 apart: which of them say that the database cannot be reached, which that time ran out.
import { Problem } from "../problem.ts";

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
  "ER_SERVER_SHUTDOWN",
  "ER_ACCESS_DENIED_ERROR",
]);

/** The code of an error from the driver or the system, such as `ER_DUP_ENTRY` or `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The error as the rest of the service knows it: a Problem where the database is at fault, else the error itself. */
export function databaseError(error: unknown): unknown {
  const code = errorCode(error);
  if (code === "PROTOCOL_SEQUENCE_TIMEOUT") return new Problem("query_timeout", { cause: error });
  if (code !== undefined && unreachable.has(code)) return new Problem("database_unavailable", { cause: error });
  const fatal = error instanceof Error && "fatal" in error && error.fatal === true;
  return fatal ? new Problem("database_unavailable", { cause: error }) : error;
}

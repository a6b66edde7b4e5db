// Sorts mysql2's errors into what the service does about them: unreachable, timed out, read-only, refused, deadlock.
// Server errors are matched by number: the driver knows names only for MySQL's, not for MariaDB's, proxies' and clusters'.
import { Problem } from "../request/problem.ts";

/** The connection was lost or could not be opened: codes of the system and the driver. */
const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ENOENT", // a Unix socket that does not exist
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
]);

/** The server, or a proxy or cluster in front of it, cannot serve right now; a new connection may reach one that can. */
const temporarilyUnavailable = new Set([
  1037, // ER_OUTOFMEMORY
  1040, // ER_CON_COUNT_ERROR
  1041, // ER_OUT_OF_RESOURCES
  1047, // ER_UNKNOWN_COM_ERROR: sent by a Galera node that is not part of the cluster
  1053, // ER_SERVER_SHUTDOWN
  1129, // ER_HOST_IS_BLOCKED
  1135, // ER_CANT_CREATE_THREAD
  1152, // ER_ABORTING_CONNECTION
  1158, // ER_NET_READ_ERROR and the server's other network errors
  1159,
  1160,
  1161,
  1184, // ER_NEW_ABORTING_CONNECTION
  1203, // ER_TOO_MANY_USER_CONNECTIONS
  1226, // ER_USER_LIMIT_REACHED
  1297, // ER_GET_TEMPORARY_ERRMSG, of NDB
  1927, // ER_CONNECTION_KILLED of MariaDB, and of MaxScale when the server behind it is gone
  2002, // errors of MySQL's client library, passed on by MaxScale and MySQL Router
  2003,
  2006,
  2013,
  3032, // ER_SERVER_OFFLINE_MODE
  3169, // ER_SESSION_WAS_KILLED
  4031, // ER_CLIENT_INTERACTION_TIMEOUT
  9001, // ProxySQL: no backend in time, or none at all; TiDB: its storage does not answer
  9002,
  9003,
  9004,
  9005,
]);

/** Somebody else stopped the statement with KILL QUERY. One that we stop has already failed with its own problem. */
const interrupted = new Set([1317, 1028]);

/** One of the server's own limits ended the statement. */
const outOfTime = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1969, // ER_STATEMENT_TIMEOUT of MariaDB: max_statement_time
  3024, // ER_QUERY_TIMEOUT: max_execution_time
]);

/** The server answers but refuses writes: after a failover, the connection still leads to the old primary. */
const readOnly = new Set([
  1290, // ER_OPTION_PREVENTS_STATEMENT
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
]);

/** The server refuses our configuration: retrying cannot help. */
const refused = new Set([
  1044, // ER_DBACCESS_DENIED_ERROR
  1045, // ER_ACCESS_DENIED_ERROR
  1049, // ER_BAD_DB_ERROR
  3159, // ER_SECURE_TRANSPORT_REQUIRED
]);
const refusedCodes = new Set(["HANDSHAKE_NO_SSL_SUPPORT", "HANDSHAKE_SSL_ERROR"]);

/** The transaction lost to another one, and the server rolled all of it back. */
const rolledBack = new Set([
  1213, // ER_LOCK_DEADLOCK; on a Galera cluster also a conflict with another node's write
  3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: the same in group replication
]);

const alreadyApplied = new Set([
  1050, // ER_TABLE_EXISTS_ERROR
  1051, // ER_BAD_TABLE_ERROR: nothing to drop
  1060, // ER_DUP_FIELDNAME
  1061, // ER_DUP_KEYNAME
  1091, // ER_CANT_DROP_FIELD_OR_KEY
  1826, // ER_FK_DUP_NAME
  3822, // ER_CHECK_CONSTRAINT_DUP_NAME
]);

/** The code of an error from the driver or the system, such as `ER_DUP_ENTRY` or `ECONNREFUSED`. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The number of an error that the server sent, such as 1062, also when it is the cause of a Problem. 0 for any other error. */
export function errorNumber(error: unknown): number {
  const cause = causeOf(error);
  // System errors have an errno too, but no sqlState.
  if (!(cause instanceof Error) || !("sqlState" in cause) || !("errno" in cause)) return 0;
  return typeof cause.errno === "number" ? cause.errno : 0;
}

/** Maps a driver error to a Problem when the database is at fault (unavailable, timed out). Returns any other error as it is. */
export function databaseError(error: unknown): unknown {
  if (error instanceof Problem) return error;
  if (errorCode(error) === "PROTOCOL_SEQUENCE_TIMEOUT" || outOfTime.has(errorNumber(error))) {
    return new Problem("query_timeout", { cause: error });
  }
  const unavailable = isReadOnly(error) || isAccessRefused(error) || isInterrupted(error) || isConnectionLost(error);
  return unavailable ? new Problem("database_unavailable", { cause: error }) : error;
}

/** Whether the error's connection must not be used again, or was never opened. */
export function isConnectionLost(error: unknown): boolean {
  const fatal = error instanceof Error && "fatal" in error && error.fatal === true;
  return fatal || unreachable.has(errorCode(error) ?? "") || temporarilyUnavailable.has(errorNumber(error));
}

/** The server refuses writes, as a former primary does after a failover. */
export function isReadOnly(error: unknown): boolean {
  return readOnly.has(errorNumber(error));
}

/** Wrong user, password, database or TLS settings: retrying cannot help. */
export function isAccessRefused(error: unknown): boolean {
  return refused.has(errorNumber(error)) || refusedCodes.has(errorCode(causeOf(error)) ?? "");
}

/** Somebody killed this one statement: that says nothing about the database's health. */
export function isInterrupted(error: unknown): boolean {
  return interrupted.has(errorNumber(error));
}

/** The server rolled this transaction back in favour of another: a retry may well succeed. */
export function isDeadlock(error: unknown): boolean {
  return rolledBack.has(errorNumber(error));
}

/** A foreign key refers to a row that does not exist: ER_NO_REFERENCED_ROW, old and new. */
export function isMissingReference(error: unknown): boolean {
  return [1216, 1452].includes(errorNumber(error));
}

/** A statement names a table that does not exist: ER_NO_SUCH_TABLE. */
export function isMissingTable(error: unknown): boolean {
  return errorNumber(error) === 1146;
}

/** A DDL statement finds its change already made: what it creates exists, or what it drops does not. */
export function isAlreadyApplied(error: unknown): boolean {
  const number = errorNumber(error);
  // For an existing foreign key, MariaDB only says that it cannot create the table (1005), with InnoDB's number in the message.
  const foreignKeyExists = number === 1005 && error instanceof Error && error.message.includes("errno: 121");
  return alreadyApplied.has(number) || foreignKeyExists;
}

function causeOf(error: unknown): unknown {
  return error instanceof Problem ? error.options.cause : error;
}

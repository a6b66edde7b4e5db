// Tells the errors of mysql2 apart: which of them say that the database cannot be reached, which that time ran out.
// Those of a server go by their number: the driver names MySQL's only, and not those of MariaDB, proxies and clusters.
import { Problem } from "../request/problem.ts";

/** The connection went away, or none could be made; codes of the system and of the driver. */
const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ENOENT", // of a Unix socket
  "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST",
]);

/** The server, or a proxy or cluster in front of it, cannot serve now; another connection may lead to one that can. */
const notNow = new Set([
  1037, // ER_OUTOFMEMORY
  1040, // ER_CON_COUNT_ERROR
  1041, // ER_OUT_OF_RESOURCES
  1047, // ER_UNKNOWN_COM_ERROR: what a Galera node says while it is not part of the cluster
  1053, // ER_SERVER_SHUTDOWN
  1129, // ER_HOST_IS_BLOCKED
  1135, // ER_CANT_CREATE_THREAD
  1152, // ER_ABORTING_CONNECTION
  1158, // ER_NET_READ_ERROR and the other errors of the server's network
  1159,
  1160,
  1161,
  1184, // ER_NEW_ABORTING_CONNECTION
  1203, // ER_TOO_MANY_USER_CONNECTIONS
  1226, // ER_USER_LIMIT_REACHED
  1297, // ER_GET_TEMPORARY_ERRMSG, of NDB
  1927, // ER_CONNECTION_KILLED of MariaDB, and of MaxScale for a server that is gone
  2002, // errors of MySQL's client library, which MaxScale and MySQL Router pass on
  2003,
  2006,
  2013,
  3032, // ER_SERVER_OFFLINE_MODE
  3169, // ER_SESSION_WAS_KILLED
  4031, // ER_CLIENT_INTERACTION_TIMEOUT
  9001, // ProxySQL: no server within its time, or none at all; TiDB: its storage does not answer
  9002,
  9003,
  9004,
  9005,
]);

/** Somebody else stopped the statement, by KILL QUERY: one that we stop has ended with its own problem before. */
const interrupted = new Set([1317, 1028]);

/** A limit of the server ended the statement. */
const outOfTime = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1969, // ER_STATEMENT_TIMEOUT of MariaDB: max_statement_time
  3024, // ER_QUERY_TIMEOUT: max_execution_time
]);

/** The server answers, but takes no writes: after a failover, the connection still leads to the one that was the primary. */
const readOnly = new Set([
  1290, // ER_OPTION_PREVENTS_STATEMENT
  1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836, // ER_READ_ONLY_MODE
]);

/** The server says that this configuration can never work. */
const refused = new Set([
  1044, // ER_DBACCESS_DENIED_ERROR
  1045, // ER_ACCESS_DENIED_ERROR
  1049, // ER_BAD_DB_ERROR
  3159, // ER_SECURE_TRANSPORT_REQUIRED
]);
const refusedCodes = new Set(["HANDSHAKE_NO_SSL_SUPPORT", "HANDSHAKE_SSL_ERROR"]);

/** The transaction lost against another one, and was undone as a whole. */
const undone = new Set([
  1213, // ER_LOCK_DEADLOCK; on a Galera cluster also a conflict with a write of another node
  3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: the same with group replication
]);

const alreadyDone = new Set([
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

/** The number of an error that the server sent, such as 1062; also when it is the cause of a Problem. 0 for any other. */
export function errorNumber(error: unknown): number {
  const cause = causeOf(error);
  // Those of the system have an errno too, but no state.
  if (!(cause instanceof Error) || !("sqlState" in cause) || !("errno" in cause)) return 0;
  return typeof cause.errno === "number" ? cause.errno : 0;
}

/** The error as the rest of the service knows it: a Problem where the database is at fault, else the error itself. */
export function databaseError(error: unknown): unknown {
  if (error instanceof Problem) return error;
  if (errorCode(error) === "PROTOCOL_SEQUENCE_TIMEOUT" || outOfTime.has(errorNumber(error))) {
    return new Problem("query_timeout", { cause: error });
  }
  const unavailable =
    meansReadOnly(error) || meansRefusal(error) || meansInterruption(error) || meansLostConnection(error);
  return unavailable ? new Problem("database_unavailable", { cause: error }) : error;
}

/** Whether the connection that the error came from is not to be used again, or was never made. */
export function meansLostConnection(error: unknown): boolean {
  const fatal = error instanceof Error && "fatal" in error && error.fatal === true;
  return fatal || unreachable.has(errorCode(error) ?? "") || notNow.has(errorNumber(error));
}

export function meansReadOnly(error: unknown): boolean {
  return readOnly.has(errorNumber(error));
}

export function meansRefusal(error: unknown): boolean {
  return refused.has(errorNumber(error)) || refusedCodes.has(errorCode(causeOf(error)) ?? "");
}

/** Somebody stopped this one statement: that says nothing about the database. */
export function meansInterruption(error: unknown): boolean {
  return interrupted.has(errorNumber(error));
}

/** The server undid this transaction in favour of another: run again, it may well succeed. */
export function isDeadlock(error: unknown): boolean {
  return undone.has(errorNumber(error));
}

/** A row names another by a foreign key that is not there: ER_NO_REFERENCED_ROW and its newer form. */
export function isMissingReference(error: unknown): boolean {
  return [1216, 1452].includes(errorNumber(error));
}

/** A DDL statement finds its change made: what it creates exists, what it drops does not. */
export function meansAlreadyDone(error: unknown): boolean {
  const number = errorNumber(error);
  // MariaDB says of a foreign key that is there only that the table cannot be made (1005), with InnoDB's number in the text.
  const keyIsThere = number === 1005 && error instanceof Error && error.message.includes("errno: 121");
  return alreadyDone.has(number) || keyIsThere;
}

function causeOf(error: unknown): unknown {
  return error instanceof Problem ? error.options.cause : error;
}

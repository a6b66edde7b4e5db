// The session settings that each connection applies first, so that statements mean the same on every server. Otherwise the
// server's global settings apply, and those can turn off escaping, autocommit or UTC.
import type { FieldPacket, ResultSetHeader, RowDataPacket } from "mysql2";

/** MySQL's default. It must not contain NO_BACKSLASH_ESCAPES or ANSI_QUOTES, which break the driver's escaping. */
const sqlMode =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

const shared = {
  sql_mode: `'${sqlMode}'`,
  autocommit: "1",
  // The driver sends and parses times in UTC.
  time_zone: "'+00:00'",
  completion_type: "'NO_CHAIN'",
  foreign_key_checks: "1",
  unique_checks: "1",
  // The maximum: DEFAULT would mean the server's global value.
  sql_select_limit: "18446744073709551615",
  sql_big_selects: "1",
  sql_safe_updates: "0",
  sql_auto_is_null: "0",
  // In bytes. MySQL's default of 1024 truncates longer results with only a warning.
  group_concat_max_len: "1048576",
  div_precision_increment: "4",
  default_week_format: "0",
  lc_time_names: "'en_US'",
};
const mysqlOnly = {
  transaction_isolation: "'REPEATABLE-READ'",
  transaction_read_only: "0",
  // In milliseconds, 0 for no limit: the service stops statements itself.
  max_execution_time: "0",
};
const mariaDbOnly = {
  tx_isolation: "'REPEATABLE-READ'",
  tx_read_only: "0",
  max_statement_time: "0",
  check_constraint_checks: "1",
  sql_if_exists: "0",
};

/**
 * One statement for MySQL and MariaDB, all or nothing. Each server runs only its own executable comment: MariaDB skips those
 * for MySQL 5.7 (https://mariadb.com/kb/en/comment-syntax/).
 */
export const setSessionState = [
  "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
  `, ${assignments(shared)}`,
  ` /*!50701 , ${assignments(mysqlOnly)} */`,
  ` /*M! , ${assignments(mariaDbOnly)} */`,
].join("");

function assignments(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `SESSION ${name} = ${value}`)
    .join(", ");
}

// Status flags of the MySQL protocol, sent with the result of each statement that returns no rows.
const autocommit = 0x2;
const noBackslashEscapes = 0x200;

/**
 * Whether a statement has broken what we rely on: with NO_BACKSLASH_ESCAPES, the driver's escaping allows SQL injection;
 * without autocommit, writes are lost. `serverStatus` is that of the statement's ResultSetHeader.
 */
export function breaksSessionState(serverStatus: number): boolean {
  return (serverStatus & (autocommit | noBackslashEscapes)) !== autocommit;
}

/** The columns of a result, or of each result of a CALL; undefined for a statement that returns no rows. */
export type ResultFields = readonly (FieldPacket | FieldPacket[] | undefined)[] | undefined;

/** The server's status after a statement that returns no rows. A CALL has its status after its results. */
export function statusOf(result: RowDataPacket[] | ResultSetHeader, fields: ResultFields): number | undefined {
  if (!Array.isArray(result)) return result.serverStatus;
  const isCall = fields !== undefined && fields.length > 0 && fields.at(-1) === undefined;
  const status: unknown = isCall ? result.at(-1)?.serverStatus : undefined;
  return typeof status === "number" ? status : undefined;
}

// Global database settings that change the meaning of statements on every connection that does not set its own.
import type { Connection, RowDataPacket } from "mysql2/promise";

/** Values as SQL. Some exist only in MySQL, some only in MariaDB. */
export const hostileGlobals: Readonly<Record<string, string>> = {
  sql_mode: "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION'",
  autocommit: "0",
  time_zone: "'+05:30'",
  completion_type: "'CHAIN'",
  foreign_key_checks: "0",
  unique_checks: "0",
  sql_select_limit: "1",
  sql_safe_updates: "1",
  sql_auto_is_null: "1",
  group_concat_max_len: "4",
  div_precision_increment: "0",
  default_week_format: "3",
  lc_time_names: "'de_DE'",
  max_join_size: "1",
  // Runs first on every connection of an ordinary user.
  init_connect: "'SET NAMES latin1, SESSION sql_mode = NO_BACKSLASH_ESCAPES'",
  default_storage_engine: "MyISAM",
  transaction_isolation: "'READ-UNCOMMITTED'",
  tx_isolation: "'READ-UNCOMMITTED'",
  transaction_read_only: "1",
  tx_read_only: "1",
  max_execution_time: "1",
  max_statement_time: "0.001",
  check_constraint_checks: "0",
  // MariaDB only: CREATE TABLE IF NOT EXISTS fails if the table exists; DROP and ALTER succeed if it does not.
  sql_if_exists: "1",
};

const unknownVariable = 1193;

/** Sets the globals, ignoring unknown ones. Resolves with a function that restores them. */
export async function setGlobals(
  connection: Connection,
  globals: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const before = new Map<string, string>();
  for (const [name, value] of Object.entries(globals)) {
    try {
      const [[row]] = await connection.query<RowDataPacket[]>(`SELECT CONCAT(@@GLOBAL.${name}) AS value`);
      await connection.query(`SET GLOBAL ${name} = ${value}`);
      before.set(name, String(row?.value));
    } catch (error) {
      if (!(error instanceof Error && "errno" in error && error.errno === unknownVariable)) throw error;
    }
  }
  return async () => {
    for (const [name, value] of before)
      await connection.query(`SET GLOBAL ${name} = ${/^[\d.]+$/.test(value) ? value : `'${value}'`}`);
  };
}

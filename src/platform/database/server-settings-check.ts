// Checks the database server once, at startup: warns about server settings that put data at risk, and aborts the startup when
// a session does not have the state that we set.
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Logger } from "../log.ts";
import { isPublicHost } from "../private-address.ts";
import { parseDatabaseUrl } from "./url.ts";

/** Connections of each process outside its pool: the query killer. */
const connectionsOutsidePool = 1;

interface Expectations {
  /** The service's MYSQL_URL. */
  url: string;
  /** Maximum connections of one process's pool. */
  limit: number;
  /** Processes that share the database. */
  replicas: number;
  /** Largest request body: all of it may end up in one statement. */
  bodyLimitBytes: number;
  /** Outside production, risks to data are logged at `info`, and an unencrypted connection is not reported. */
  production: boolean;
}

type Variables = ReadonlyMap<string, string>;

interface Setting {
  name: string;
  fits: (value: string, all: Variables) => boolean;
  risk: string;
  recommended: string;
}

/** Global server settings that can put data at risk. */
const settings: readonly Setting[] = [
  {
    name: "innodb_flush_log_at_trx_commit",
    fits: (value) => value === "1" || value === "3",
    risk: "a crash of its machine can lose acknowledged writes",
    recommended: "1",
  },
  {
    name: "sync_binlog",
    fits: (value, all) => value === "1" || all.get("log_bin") !== "ON",
    risk: "a crash of its machine can lose acknowledged writes on the replicas",
    recommended: "1",
  },
  {
    name: "innodb_doublewrite",
    fits: (value) => value !== "OFF",
    risk: "a crash of its machine can leave half-written pages",
    recommended: "ON",
  },
  {
    name: "default_storage_engine",
    fits: (value) => value === "InnoDB",
    risk: "tables created without ENGINE have no transactions",
    recommended: "InnoDB",
  },
  {
    name: "explicit_defaults_for_timestamp",
    fits: (value) => value !== "OFF",
    risk: "TIMESTAMP columns change by themselves when a row is updated",
    recommended: "ON",
  },
  {
    name: "character_set_database",
    fits: (value) => value === "utf8mb4",
    risk: "tables created without a character set cannot store all text",
    recommended: "utf8mb4",
  },
];
const otherVariables = [
  "log_bin",
  "max_allowed_packet",
  "max_connections",
  "max_user_connections",
  "sql_mode",
  "autocommit",
  "time_zone",
];

/**
 * Logs one warning per risky setting. `connection` is one of ours, with its session state set.
 *
 * @throws when the session does not have the state that we set: a proxy in between keeps it from the server.
 */
export async function checkServer(connection: Connection, expected: Expectations, log: Logger): Promise<void> {
  const names = [...settings.map(({ name }) => name), ...otherVariables];
  const sql = "SHOW VARIABLES WHERE Variable_name IN (?)";
  const [rows] = await connection.query<RowDataPacket[]>(sql, [names]);
  const variables = new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
  requireSession(variables);
  const level = expected.production ? "warn" : "info";
  for (const { name, fits, risk, recommended } of settings) {
    const value = variables.get(name);
    if (value === undefined || fits(value, variables)) continue;
    log[level]({ setting: name, value }, `database server: ${risk}: set ${name} to ${recommended}`);
  }
  warnAboutConnectionLimit(variables, expected, log);
  warnAboutPacketSize(variables, expected, log);
  await warnAboutPlainText(expected, log);
}

function requireSession(variables: Variables): void {
  const mode = variables.get("sql_mode") ?? "";
  const wrong = [
    /NO_BACKSLASH_ESCAPES|ANSI_QUOTES/.test(mode) && "sql_mode",
    variables.get("autocommit") !== "ON" && "autocommit",
    variables.get("time_zone") !== "+00:00" && "time_zone",
  ].filter((name) => name !== false);
  if (wrong.length > 0) throw new Error(`the database session ignores our settings: ${wrong.join(", ")}`);
}

function warnAboutConnectionLimit(variables: Variables, { limit, replicas }: Expectations, log: Logger): void {
  const total = Number(variables.get("max_connections"));
  const perUser = Number(variables.get("max_user_connections"));
  const accepted = perUser > 0 ? Math.min(total, perUser) : total;
  const needed = replicas * (limit + connectionsOutsidePool);
  if (needed <= accepted) return;
  log.warn(
    { needed, accepted, replicas, poolLimit: limit },
    "the database accepts fewer connections than the replicas may open: lower DB_POOL_LIMIT or raise max_connections",
  );
}

function warnAboutPacketSize(variables: Variables, { bodyLimitBytes }: Expectations, log: Logger): void {
  const accepted = Number(variables.get("max_allowed_packet"));
  // Escaping may double each character.
  const needed = 2 * bodyLimitBytes;
  if (needed <= accepted) return;
  log.warn(
    { setting: "max_allowed_packet", needed, accepted },
    "database server: a large request body does not fit in one statement: lower BODY_LIMIT_BYTES or raise max_allowed_packet",
  );
}

async function warnAboutPlainText({ url, production }: Expectations, log: Logger): Promise<void> {
  const { host, socketPath, ssl } = parseDatabaseUrl(url);
  if (!production || ssl !== undefined || socketPath !== undefined || !(await isPublicHost(host))) return;
  log.warn(
    { host },
    "the database has a public address and the connection is not encrypted: add ssl-mode=VERIFY_IDENTITY to MYSQL_URL",
  );
}

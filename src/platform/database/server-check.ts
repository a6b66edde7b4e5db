// Checks the server once, at the start: warns of settings of its own that endanger a promise of the service, and ends the start
// when a session is not as we set it.
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Logger } from "../log.ts";
import { isPublicHost } from "../private-address.ts";
import { parseDatabaseUrl } from "./url.ts";

/** One more for each process: the connection that stops queries. */
const besidesThePool = 1;

interface Expectations {
  /** Of the service's own connections. */
  url: string;
  /** Most connections of one process's pool. */
  limit: number;
  /** Processes that share the database. */
  replicas: number;
  /** Largest body of a request: what it holds may become one statement. */
  bodyLimitBytes: number;
  /** Elsewhere a risk to data is logged at `info`, and plain text not at all. */
  production: boolean;
}

type Variables = ReadonlyMap<string, string>;

/** Settings that are the server's own, how they should be, and what is at stake otherwise. */
const settings: readonly { name: string; fits: (value: string, all: Variables) => boolean; risk: string }[] = [
  {
    name: "innodb_flush_log_at_trx_commit",
    fits: (value) => value === "1" || value === "3",
    risk: "a crash of the server's machine can lose acknowledged writes: it should be 1",
  },
  {
    name: "sync_binlog",
    fits: (value, all) => value === "1" || all.get("log_bin") !== "ON",
    risk: "a crash of the server's machine can lose acknowledged writes on its replicas: it should be 1",
  },
  {
    name: "innodb_doublewrite",
    fits: (value) => value !== "OFF",
    risk: "a crash of the server's machine can leave half-written pages: it should be ON",
  },
  {
    name: "default_storage_engine",
    fits: (value) => value === "InnoDB",
    risk: "tables that name no engine have no transactions: it should be InnoDB",
  },
  {
    name: "explicit_defaults_for_timestamp",
    fits: (value) => value !== "OFF",
    risk: "TIMESTAMP columns change by themselves when a row does: it should be ON",
  },
  {
    name: "character_set_database",
    fits: (value) => value === "utf8mb4",
    risk: "tables that name no character set cannot hold every text: it should be utf8mb4",
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
 * Warns, once for each, of what endangers a promise. `connection` is one of ours, with its session state set.
 *
 * @throws when the session is not as it was set: a proxy in between keeps that from the server.
 */
export async function checkServer(connection: Connection, expected: Expectations, log: Logger): Promise<void> {
  const names = [...settings.map(({ name }) => name), ...otherVariables];
  const sql = "SHOW VARIABLES WHERE Variable_name IN (?)";
  const [rows] = await connection.query<RowDataPacket[]>(sql, [names]);
  const variables = new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
  requireSession(variables);
  const level = expected.production ? "warn" : "info";
  for (const { name, fits, risk } of settings) {
    const value = variables.get(name);
    if (value !== undefined && !fits(value, variables))
      log[level]({ setting: name, value }, `database server: ${risk}`);
  }
  warnOfShortage(variables, expected, log);
  warnOfSmallPackets(variables, expected, log);
  await warnOfPlainText(expected, log);
}

function requireSession(variables: Variables): void {
  const mode = variables.get("sql_mode") ?? "";
  const wrong = [
    /NO_BACKSLASH_ESCAPES|ANSI_QUOTES/.test(mode) && "sql_mode",
    variables.get("autocommit") !== "ON" && "autocommit",
    variables.get("time_zone") !== "+00:00" && "time_zone",
  ].filter((name) => name !== false);
  if (wrong.length > 0) throw new Error(`the database session ignores what was set: ${wrong.join(", ")}`);
}

function warnOfShortage(variables: Variables, { limit, replicas }: Expectations, log: Logger): void {
  const ofAll = Number(variables.get("max_connections"));
  const ofOneUser = Number(variables.get("max_user_connections"));
  const accepted = ofOneUser > 0 ? Math.min(ofAll, ofOneUser) : ofAll;
  const needed = replicas * (limit + besidesThePool);
  if (needed <= accepted) return;
  log.warn(
    { needed, accepted, replicas, poolLimit: limit },
    "the database accepts fewer connections than the replicas may open: lower DB_POOL_LIMIT or raise max_connections",
  );
}

function warnOfSmallPackets(variables: Variables, { bodyLimitBytes }: Expectations, log: Logger): void {
  const accepted = Number(variables.get("max_allowed_packet"));
  // Escaped, each character may take two.
  const needed = 2 * bodyLimitBytes;
  if (needed <= accepted) return;
  log.warn(
    { setting: "max_allowed_packet", needed, accepted },
    "database server: a large body does not fit into a statement: lower BODY_LIMIT_BYTES or raise max_allowed_packet",
  );
}

async function warnOfPlainText({ url, production }: Expectations, log: Logger): Promise<void> {
  const { host, socketPath, ssl } = parseDatabaseUrl(url);
  if (!production || ssl !== undefined || socketPath !== undefined || !(await isPublicHost(host))) return;
  log.warn(
    { host },
    "the database is at a public address and spoken to in plain text: add ssl-mode=VERIFY_IDENTITY to MYSQL_URL",
  );
}

// The driver options that every connection shares, and the few connections outside the pool: for locks, migrations and KILL.
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { castDecimal } from "./exact-numbers.ts";
import { setSessionState } from "./session-state.ts";
import { parseDatabaseUrl } from "./url.ts";

/** Time limit for the handshake, and again for the first statement. */
export const openTimeoutMs = 2000;

/** The driver's options. */
export type ConnectionOptions = ReturnType<typeof connectionOptions>;

/**
 * The driver's options for `url`: times in UTC, and integers too big for a number as strings.
 *
 * @throws {RangeError} that says what is wrong with `url`.
 */
export function connectionOptions(url: string) {
  return {
    ...parseDatabaseUrl(url),
    charset: "utf8mb4_unicode_ci",
    timezone: "Z",
    supportBigNumbers: true,
    connectTimeout: openTimeoutMs,
  };
}

/**
 * Opens a connection outside the pool, with the same session state as the pool's ({@link setSessionState}).
 *
 * @throws {RangeError} as {@link connectionOptions}; {Problem} database_unavailable; the driver's error.
 */
export async function openConnection(url: string): Promise<Connection> {
  const connection = await createConnection({ ...connectionOptions(url), typeCast: castDecimal });
  try {
    const late = () => new Problem("database_unavailable");
    await bounded(connection.query(setSessionState), { limitMs: openTimeoutMs, late, signal: undefined });
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

interface LockOptions {
  name: string;
  /** How long to wait for the lock, in seconds. */
  waitS: number;
  /** Ends the wait for the lock, not the work. */
  signal?: AbortSignal;
}

/**
 * Runs `work` on its own connection while holding a named lock of the server (GET_LOCK), so that only one replica works at a
 * time. The server releases the lock when the connection ends, for whatever reason.
 *
 * @throws when the lock is still taken after `waitS` seconds; the reason of `signal`.
 */
export async function withLock<Result>(
  url: string,
  { name, waitS, signal }: LockOptions,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection(url);
  try {
    // Lock names are global to the server: the database name keeps two services apart. At most 64 characters.
    const sql = "SELECT GET_LOCK(LEFT(CONCAT(?, '.', DATABASE()), 64), ?) AS locked";
    const [[row]] = await bounded(connection.query<LockRow[]>(sql, [name, waitS]), { signal });
    if (row?.locked !== 1)
      throw new Error(`could not get the lock "${name}" within ${waitS} s: another replica holds it`);
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

interface LockRow extends RowDataPacket {
  locked: 0 | 1 | null;
}

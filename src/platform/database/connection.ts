// How every connection speaks to the server, for the pool and for the few that work outside of it.

import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { castDecimal } from "./exact-numbers.ts";
import { setSessionState } from "./session-state.ts";
import { parseDatabaseUrl } from "./url.ts";

/** The longest that the handshake may take, and again the first statement, in milliseconds. */
export const openWithinMs = 2000;

/**
 * The driver's options for `url`; times travel in UTC, big integers that a number does not hold as texts.
 *
 * @throws {RangeError} saying what is wrong with `url`.
 */
export function connectionOptions(url: string) {
  return {
    ...parseDatabaseUrl(url),
    charset: "utf8mb4_unicode_ci",
    timezone: "Z",
    supportBigNumbers: true,
    connectTimeout: openWithinMs,
  };
}

/**
 * Opens a connection outside of the pool, with the session state that all of ours have ({@link setSessionState}).
 *
 * @throws {RangeError} as {@link connectionOptions}; {Problem} database_unavailable; the driver's error.
 */
export async function openConnection(url: string): Promise<Connection> {
  const connection = await createConnection({ ...connectionOptions(url), typeCast: castDecimal });
  try {
    const late = () => new Problem("database_unavailable");
    await bounded(connection.query(setSessionState), { limitMs: openWithinMs, late, signal: undefined });
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

interface LockOptions {
  name: string;
  /** Seconds. */
  waitS: number;
  /** Ends the wait, not the work. */
  signal?: AbortSignal;
}

/**
 * Runs `work` on a connection of its own while holding the named lock of the server, so that one replica works at a time
 * (GET_LOCK; the server frees it when the connection ends, however it ends).
 *
 * @throws when the lock is not free within `waitS` seconds; the reason of `signal`.
 */
export async function withLock<Result>(
  url: string,
  { name, waitS, signal }: LockOptions,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await openConnection(url);
  try {
    // Locks belong to the server, not to the database: the database's name keeps two services apart. 64 characters at most.
    const sql = "SELECT GET_LOCK(LEFT(CONCAT(?, '.', DATABASE()), 64), ?) AS locked";
    const [[row]] = await bounded(connection.query<LockRow[]>(sql, [name, waitS]), { signal });
    if (row?.locked !== 1)
      throw new Error(`the lock "${name}" was not free within ${waitS} s: another replica holds it`);
    return await work(connection);
  } finally {
    connection.destroy();
  }
}

interface LockRow extends RowDataPacket {
  locked: 0 | 1 | null;
}

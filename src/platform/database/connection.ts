// How every connection speaks to the server, for the pool and for the few that work outside of it.

import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { bounded } from "../bounded.ts";

/** The driver's options for `url`; times travel in UTC, decimals and big numbers as numbers where they fit. */
export function connectionOptions(url: string) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname.replaceAll(/[[\]]/g, ""),
    port: port === "" ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    charset: "utf8mb4_unicode_ci",
    timezone: "Z",
    supportBigNumbers: true,
    decimalNumbers: true,
    connectTimeout: 2000,
  };
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
  const connection = await createConnection(connectionOptions(url));
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

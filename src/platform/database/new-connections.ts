// Sets the session state of each connection that the driver's pool opens, before anything else runs on it.
import type { Pool, PoolConnection } from "mysql2";
import { boundedCall } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { openWithinMs } from "./connection.ts";
import { setSessionState } from "./session-state.ts";

export class NewConnections {
  readonly #settings = new WeakMap<PoolConnection, Promise<void>>();

  constructor(pool: Pool) {
    pool.on("connection", (connection) => {
      // Bounded: a connection that never answers would keep its slot in the pool until TCP gives up, minutes later.
      const late = () => new Problem("database_unavailable");
      const setting = boundedCall<void>(
        (resolve, reject) => {
          connection.query(setSessionState, (error) => (error === null ? resolve() : reject(error)));
        },
        { limitMs: openWithinMs, late, signal: undefined },
      );
      this.#settings.set(connection, setting);
      // Whether or not anybody waits for it: without its state it must not be lent.
      setting.catch(() => connection.destroy());
    });
  }

  /** Resolves when `connection` has its state; rejects with the driver's error, or database_unavailable when that takes too long. */
  async ready(connection: PoolConnection): Promise<void> {
    await this.#settings.get(connection);
  }
}

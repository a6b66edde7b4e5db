// Sets the session state on each connection that the driver's pool opens, before anything else runs on it.
import type { Pool, PoolConnection } from "mysql2";
import { boundedCall } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { openTimeoutMs } from "./connection.ts";
import { setSessionState } from "./session-state.ts";

/** Prepares the new connections of `pool`. Await {@link NewConnections.ready} before the first use of each. */
export class NewConnections {
  readonly #settings = new WeakMap<PoolConnection, Promise<void>>();

  constructor(pool: Pool) {
    pool.on("connection", (connection) => {
      // Without a limit, a connection that never answers would hold its slot in the pool until TCP gives up, minutes later.
      const late = () => new Problem("database_unavailable");
      const setting = boundedCall<void>(
        (resolve, reject) => {
          connection.query(setSessionState, (error) => (error === null ? resolve() : reject(error)));
        },
        { limitMs: openTimeoutMs, late, signal: undefined },
      );
      this.#settings.set(connection, setting);
      // Even if nobody waits for it: without its session state, nobody may use it.
      setting.catch(() => connection.destroy());
    });
  }

  /** Resolves when the session state is set. Rejects with the driver's error, or database_unavailable when it takes too long. */
  async ready(connection: PoolConnection): Promise<void> {
    await this.#settings.get(connection);
  }
}

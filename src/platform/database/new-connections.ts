// Sets the session state of each connection that the driver's pool opens, before anything else runs on it.
import type { Pool, PoolConnection } from "mysql2";
import { setSessionState } from "./session-state.ts";

export class NewConnections {
  readonly #settings = new WeakMap<PoolConnection, Promise<void>>();

  constructor(pool: Pool) {
    pool.on("connection", (connection) => {
      const setting = new Promise<void>((resolve, reject) => {
        connection.query(setSessionState, (error) => (error === null ? resolve() : reject(error)));
      });
      this.#settings.set(connection, setting);
      // Its user hears of it too; one that nobody waits for must not be lent.
      setting.catch(() => connection.destroy());
    });
  }

  /** Resolves when `connection` has its state; rejects with the driver's error when it could not be set. */
  async ready(connection: PoolConnection): Promise<void> {
    await this.#settings.get(connection);
  }
}

// Stops a running query in the server: giving it up on this side alone would leave the server working on it.
import { type Connection, createConnection } from "mysql2/promise";
import { bounded } from "../bounded.ts";
import { Problem } from "../problem.ts";
import { connectionOptions } from "./connection.ts";

const stoppedWithinMs = 1000;

/** Ends queries by KILL QUERY, over a connection of its own that is opened when it is first needed. */
export class QueryKiller {
  readonly #url: string;
  #connection: Promise<Connection> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Stops the query of the connection `threadId`; `ended` resolves once it has ended, however. Gives true once the server has taken the order and the query has
   * ended: any earlier, the order could hit the next query on that connection. Gives false when either did not happen in
   * time; then the connection is not to be used again. Never rejects.
   */
  async stop(threadId: number, ended: Promise<void>): Promise<boolean> {
    const connecting = this.#connect();
    const kill = async () => {
      await (await connecting).query("KILL QUERY ?", [threadId]);
      await ended;
    };
    try {
      await bounded(kill(), { limitMs: stoppedWithinMs, late: () => new Problem("query_timeout"), signal: undefined });
      return true;
    } catch {
      this.#drop(connecting);
      return false;
    }
  }

  /** A connection that did not answer in time may never do so: the next order gets a new one. */
  #drop(connecting: Promise<Connection>): void {
    if (this.#connection === connecting) this.#connection = undefined;
    connecting.then(
      (connection) => connection.destroy(),
      () => {},
    );
  }

  close(): void {
    if (this.#connection !== undefined) this.#drop(this.#connection);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= createConnection(connectionOptions(this.#url)).then((connection) => {
      // Idle for long, it may be closed by the server: the next kill opens another.
      connection.on("error", () => {
        this.#connection = undefined;
      });
      return connection;
    });
    return this.#connection;
  }
}

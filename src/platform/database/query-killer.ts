// Stops a running query in the server: giving it up on this side alone would leave the server working on it.
import type { Connection } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { openConnection } from "./connection.ts";
import { errorNumber, meansLostConnection } from "./errors.ts";

const stoppedWithinMs = 1000;

/** It has ended; it has not, although the server answers; the server does not answer either. */
export type KillOutcome = "stopped" | "running" | "silent";

/** Ends queries by KILL QUERY, over a connection of its own that is opened when it is first needed. */
export class QueryKiller {
  readonly #url: string;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #connection: Promise<Connection> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Stops the query of the connection `threadId`; `ended` resolves once it has ended, however. Never rejects. Takes a second at
   * most. Only after "stopped" is that connection to be used again: any earlier, the order could hit its next query.
   */
  async stop(threadId: number, ended: Promise<void>): Promise<KillOutcome> {
    const connecting = this.#connect();
    const askedAt = performance.now();
    const kill = async () => {
      await (await connecting).query("KILL QUERY ?", [threadId]);
      this.#answeredAt = performance.now();
      await ended;
    };
    try {
      await bounded(kill(), { limitMs: stoppedWithinMs, late: () => new Problem("query_timeout"), signal: undefined });
      return "stopped";
    } catch (error) {
      // It took an order meanwhile, this one or one ahead of it, or refused it: there are too many connections, or none such.
      const answers = this.#answeredAt > askedAt || errorNumber(error) !== 0;
      if (!answers || meansLostConnection(error)) this.#drop(connecting);
      return answers ? "running" : "silent";
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
    this.#connection ??= openConnection(this.#url).then((connection) => {
      // Idle for long, it may be closed by the server: the next kill opens another.
      connection.on("error", () => {
        this.#connection = undefined;
      });
      return connection;
    });
    return this.#connection;
  }
}

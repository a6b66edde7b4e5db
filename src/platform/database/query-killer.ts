// Stops a running query in the server: if only this side gave up on it, the server would keep working on it.
import type { Connection } from "mysql2/promise";
import { bounded } from "../request/bounded.ts";
import { Problem } from "../request/problem.ts";
import { openConnection } from "./connection.ts";
import { errorNumber, isConnectionLost } from "./errors.ts";

const killTimeoutMs = 1000;

/** `stopped`: the query has ended. `running`: it has not, although the server answers. `silent`: no answer at all. */
export type KillOutcome = "stopped" | "running" | "silent";

/** Sends KILL QUERY over its own connection, which it opens on first use. */
export class QueryKiller {
  readonly #url: string;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #connection: Promise<Connection> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Stops the query that runs on the connection `threadId`. `ended` resolves when that query has ended, in whatever way. Takes
   * at most a second and never rejects. Reuse the connection only after `stopped`: a late KILL could hit its next query.
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
      await bounded(kill(), { limitMs: killTimeoutMs, late: () => new Problem("query_timeout"), signal: undefined });
      return "stopped";
    } catch (error) {
      // The server answered if it took this KILL or an earlier one meanwhile, or refused it: too many connections, unknown thread.
      const answers = this.#answeredAt > askedAt || errorNumber(error) !== 0;
      if (!answers || isConnectionLost(error)) this.#drop(connecting);
      return answers ? "running" : "silent";
    }
  }

  /** A connection that did not answer in time may never answer: the next KILL opens a new one. */
  #drop(connecting: Promise<Connection>): void {
    if (this.#connection === connecting) this.#connection = undefined;
    connecting.then(
      (connection) => connection.destroy(),
      () => {},
    );
  }

  /** Closes the connection, if there is one. */
  close(): void {
    if (this.#connection !== undefined) this.#drop(this.#connection);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= openConnection(this.#url).then((connection) => {
      // The server may close it when it is idle for long: the next KILL opens another.
      connection.on("error", () => {
        this.#connection = undefined;
      });
      return connection;
    });
    return this.#connection;
  }
}

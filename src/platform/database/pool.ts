// A bounded pool of connections, on top of the driver's: the driver waits for ever, keeps connections that have died while
// idle, and never replaces an old one. Here a wait has a limit, and what is lent was found alive or used a moment ago.
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { boundedCall } from "../bounded.ts";
import { Problem } from "../problem.ts";
import type { StopSignal } from "../stop-signal.ts";
import type { connectionOptions } from "./connection.ts";
import { openConnections, readyConnections } from "./driver-pool.ts";
import { databaseError } from "./errors.ts";

export interface PoolOptions {
  /** Most open connections. */
  limit: number;
  /** Connections that are kept open when idle. */
  maxIdle: number;
  /** Longest wait for a connection, its check included. */
  waitMs: number;
  /** A connection older than about this is replaced, so that the pool follows a failover, a proxy or a changed address. */
  recycleMs: number;
}

/** Connections at this instant. */
export interface PoolState {
  used: number;
  idle: number;
  waiting: number;
  limit: number;
}

/** What is known of an open connection; times as of performance.now(). */
interface History {
  openedAt: number;
  usedAt: number;
  endsAt: number;
}

export interface Lease {
  connection: PoolConnection;
  /** False when it was opened for this lease. */
  reused: boolean;
}

/** After so long without use a connection is asked whether it is still there. */
const checkAfterMs = 1000;
/** A healthy server answers that in a millisecond; waiting longer would use up the wait for a connection that works. */
const checkWithinMs = 200;
const closeWithinMs = 1000;
/** The driver keeps those who have given up in its line until a connection comes free: with none for hours, it must end. */
const longestLine = 10_000;

export class ConnectionPool {
  readonly #pool: Pool;
  readonly #options: PoolOptions;
  readonly #histories = new WeakMap<PoolConnection, History>();
  #used = 0;
  #waiting = 0;
  /** Connections from before this instant are checked before they are used, however short they were idle. */
  #suspectBefore = 0;
  /** Connections from before this instant are not used again. */
  #deadBefore = 0;
  #closed: Promise<void> | undefined;

  constructor(connection: ReturnType<typeof connectionOptions>, options: PoolOptions) {
    this.#options = options;
    this.#pool = createPool({
      ...connection,
      connectionLimit: options.limit,
      maxIdle: options.maxIdle,
      idleTimeout: 60_000,
      enableKeepAlive: true,
      queueLimit: longestLine,
      // A stack trace taken for every query would cost a tenth of the processor's time.
      trace: false,
    });
  }

  state(): PoolState {
    const idle = Math.max(0, openConnections(this.#pool) - this.#used);
    return { used: this.#used, idle, waiting: this.#waiting, limit: this.#options.limit };
  }

  /**
   * Lends a connection that works as far as can be known, until {@link release} or {@link destroy}.
   *
   * @throws {Problem} pool_timeout when all are in use for too long; database_unavailable; the reason of `signal`.
   */
  async acquire(signal: StopSignal | undefined): Promise<Lease> {
    const endsAt = performance.now() + this.#options.waitMs;
    this.#waiting += 1;
    try {
      for (;;) {
        const connection = await this.#next(endsAt - performance.now(), signal);
        this.#used += 1;
        const history = this.#histories.get(connection);
        if (history === undefined) {
          this.#remember(connection);
          return { connection, reused: false };
        }
        const fit = this.#isFit(connection, history, signal);
        if (fit === true || (await fit)) return { connection, reused: true };
        this.destroy(connection);
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  release(connection: PoolConnection): void {
    this.#used -= 1;
    const history = this.#histories.get(connection);
    if (history !== undefined) history.usedAt = performance.now();
    connection.release();
  }

  destroy(connection: PoolConnection): void {
    this.#used -= 1;
    connection.destroy();
  }

  /** A connection was found dead in use: the others may be too, and are checked before they are used again. */
  suspect(): void {
    this.#suspectBefore = performance.now();
  }

  /** Closes all connections. Never rejects, and takes a second at most: one that cannot say goodbye is as good as closed. */
  close(): Promise<void> {
    const ended = () => new Promise<void>((resolve) => this.#pool.end(() => resolve()));
    this.#closed ??= Promise.race([ended(), sleep(closeWithinMs, undefined, { ref: false })]);
    return this.#closed;
  }

  #next(limitMs: number, signal: StopSignal | undefined): Promise<PoolConnection> {
    let waiting = true;
    const ask = (resolve: (connection: PoolConnection) => void, reject: (error: unknown) => void) =>
      this.#pool.getConnection((error, connection) => {
        if (error !== null) reject(error);
        else if (waiting) resolve(connection);
        else this.#giveBack(connection);
      });
    // One that lies ready is handed over before any limit could pass.
    if (readyConnections(this.#pool) > 0) return new Promise(ask);
    // Fewer in use than there may be: what takes so long is the opening of one, which is not the load's fault.
    const late = () => new Problem(this.#used < this.#options.limit ? "database_unavailable" : "pool_timeout");
    return boundedCall(ask, { limitMs: Math.max(0, limitMs), late, signal }).catch((error: unknown) => {
      waiting = false;
      if (error instanceof Error && error.message === "Queue limit reached.") throw new Problem("pool_timeout");
      throw databaseError(error);
    });
  }

  /** The driver still hands connections to waits that nobody is waiting in any more: they go straight back. */
  #giveBack(connection: PoolConnection): void {
    if (!this.#histories.has(connection)) this.#remember(connection);
    connection.release();
  }

  #remember(connection: PoolConnection): void {
    const now = performance.now();
    // Not all at once: what was opened together would be replaced together.
    const endsAt = now + this.#options.recycleMs * (1 - 0.1 * Math.random());
    this.#histories.set(connection, { openedAt: now, usedAt: now, endsAt });
  }

  /** Whether a connection that was used before can be used once more. It is asked, unless it worked a moment ago. */
  #isFit(connection: PoolConnection, history: History, signal: StopSignal | undefined): boolean | Promise<boolean> {
    const now = performance.now();
    if (now > history.endsAt || history.openedAt < this.#deadBefore) return false;
    if (now - history.usedAt < checkAfterMs && history.usedAt > this.#suspectBefore) return true;
    return this.#isAlive(connection, signal);
  }

  async #isAlive(connection: PoolConnection, signal: StopSignal | undefined): Promise<boolean> {
    const askedAt = performance.now();
    let answered = false;
    const ping = (resolve: (value: undefined) => void, reject: (error: unknown) => void) =>
      connection.ping((error: unknown) => {
        if (error) return reject(error);
        answered = true;
        resolve(undefined);
      });
    try {
      await boundedCall(ping, { limitMs: checkWithinMs, signal });
      return true;
    } catch (error) {
      if (signal?.aborted) {
        this.destroy(connection);
        throw error;
      }
      // After a stall of the event loop its timers come first: the answer may lie in the socket.
      await nextTurn();
      if (answered) return true;
      // Found dead after a rest, it is hardly the only one: all that are open now are replaced, without asking each.
      this.#deadBefore = askedAt;
      return false;
    }
  }
}

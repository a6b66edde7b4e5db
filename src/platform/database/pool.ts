// A bounded pool of connections, on top of the driver's: the driver waits for ever, keeps connections that have died while
// idle, and never replaces an old one. Here a wait has a limit, and what is lent was found alive or used a moment ago.
import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { boundedCall } from "../bounded.ts";
import { Problem } from "../problem.ts";
import { currentPhases } from "../request-scope.ts";
import type { StopSignal } from "../stop-signal.ts";
import type { connectionOptions } from "./connection.ts";
import { openConnections, readyConnections } from "./driver-pool.ts";
import { databaseError } from "./errors.ts";
import { answers } from "./liveness.ts";
import type { PoolState } from "./telemetry.ts";

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
  /** How long it was waited for, its check included. */
  waitMs: number;
}

/** After so long without use a connection is asked whether it is still there. */
const checkAfterMs = 1000;
const closeWithinMs = 1000;
/** The driver keeps those who have given up in its line until a connection comes free: with none for hours, it must end. */
const longestLine = 10_000;

export class ConnectionPool {
  readonly #pool: Pool;
  readonly #options: PoolOptions;
  readonly #onTimeout: () => void;
  readonly #histories = new WeakMap<PoolConnection, History>();
  #used = 0;
  #waiting = 0;
  /** Connections from before this instant are checked before they are used, however short they were idle. */
  #suspectBefore = 0;
  /** Connections from before this instant are not used again. */
  #deadBefore = 0;
  #closed: Promise<void> | undefined;

  /** `onTimeout` is called when a wait for a connection ran out of time. */
  constructor(connection: ReturnType<typeof connectionOptions>, options: PoolOptions, onTimeout = () => {}) {
    this.#options = options;
    this.#onTimeout = onTimeout;
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
   * Lends a connection that works as far as can be known, until {@link release} or {@link destroy}. The wait is the request's
   * phase `pool`.
   *
   * @throws {Problem} pool_timeout when all are in use for too long; database_unavailable; the reason of `signal`.
   */
  async acquire(signal: StopSignal | undefined): Promise<Lease> {
    signal?.throwIfAborted();
    const askedAt = performance.now();
    const phases = currentPhases();
    phases?.enter("pool");
    this.#waiting += 1;
    try {
      for (;;) {
        const { connection, takenAt } = await this.#next(askedAt + this.#options.waitMs, signal);
        this.#used += 1;
        const history = this.#histories.get(connection);
        const reused = history !== undefined;
        if (!reused) this.#remember(connection, takenAt);
        const fit = !reused || this.#isFit(connection, history, takenAt, signal);
        if (fit === true) return { connection, reused, waitMs: takenAt - askedAt };
        if (await fit) return { connection, reused, waitMs: performance.now() - askedAt };
        this.destroy(connection);
      }
    } catch (error) {
      if (error instanceof Problem && error.type === "pool_timeout") this.#onTimeout();
      throw error;
    } finally {
      this.#waiting -= 1;
      phases?.leave("pool");
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

  #next(endsAt: number, signal: StopSignal | undefined) {
    let waiting = true;
    // In an object: a promise looks for a `then` in what it is given, through all that a connection inherits.
    type Taken = { connection: PoolConnection; takenAt: number };
    const ask = (resolve: (taken: Taken) => void, reject: (error: unknown) => void) =>
      this.#pool.getConnection((error, connection) => {
        if (error !== null) reject(error);
        else if (waiting) resolve({ connection, takenAt: performance.now() });
        else this.#giveBack(connection);
      });
    // One that lies ready is handed over before any limit could pass.
    if (readyConnections(this.#pool) > 0) return new Promise<Taken>(ask);
    // Fewer in use than there may be: what takes so long is the opening of one, which is not the load's fault.
    const late = () => new Problem(this.#used < this.#options.limit ? "database_unavailable" : "pool_timeout");
    const limitMs = Math.max(0, endsAt - performance.now());
    return boundedCall(ask, { limitMs, late, signal }).catch((error: unknown) => {
      waiting = false;
      if (error instanceof Error && error.message === "Queue limit reached.") throw new Problem("pool_timeout");
      throw databaseError(error);
    });
  }

  /** The driver still hands connections to waits that nobody is waiting in any more: they go straight back. */
  #giveBack(connection: PoolConnection): void {
    if (!this.#histories.has(connection)) this.#remember(connection, performance.now());
    connection.release();
  }

  #remember(connection: PoolConnection, now: number): void {
    // Not all at once: what was opened together would be replaced together.
    const endsAt = now + this.#options.recycleMs * (1 - 0.1 * Math.random());
    this.#histories.set(connection, { openedAt: now, usedAt: now, endsAt });
  }

  /** Whether a connection that was used before can be used once more. It is asked, unless it worked a moment ago. */
  #isFit(
    connection: PoolConnection,
    history: History,
    now: number,
    signal: StopSignal | undefined,
  ): boolean | Promise<boolean> {
    if (now > history.endsAt || history.openedAt < this.#deadBefore) return false;
    if (now - history.usedAt < checkAfterMs && history.usedAt > this.#suspectBefore) return true;
    return this.#isAlive(connection, signal);
  }

  async #isAlive(connection: PoolConnection, signal: StopSignal | undefined): Promise<boolean> {
    const askedAt = performance.now();
    try {
      if (await answers(connection, signal)) return true;
    } catch (error) {
      this.destroy(connection);
      throw error;
    }
    // Found dead after a rest, it is hardly the only one: all that are open now are replaced, without asking each.
    this.#deadBefore = askedAt;
    return false;
  }
}

// A bounded pool of connections, on top of the driver's: the driver waits for ever, keeps connections that have died while
// idle, and never replaces an old one. Here a wait has a limit, and what is lent was found alive or used a moment ago.
import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { bounded, boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentPhases } from "../request/scope.ts";
import type { connectionOptions } from "./connection.ts";
import { openConnections, readyConnections } from "./driver-internals.ts";
import { databaseError } from "./errors.ts";
import { Fitness } from "./fitness.ts";
import { NewConnections } from "./new-connections.ts";
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

export interface Lease {
  connection: PoolConnection;
  /** False when it was opened for this lease. */
  reused: boolean;
  /** How long it was waited for, its check included. */
  waitMs: number;
}

const closeWithinMs = 1000;
/** The driver keeps those who have given up in its line until a connection comes free: with none for hours, it must end. */
const longestLine = 10_000;

export class ConnectionPool {
  readonly #pool: Pool;
  readonly #options: PoolOptions;
  readonly #onTimeout: () => void;
  readonly #new: NewConnections;
  readonly #fitness: Fitness;
  #used = 0;
  #waiting = 0;
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
    this.#new = new NewConnections(this.#pool);
    this.#fitness = new Fitness(options.recycleMs);
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
  async acquire(signal: CancelSignal | undefined): Promise<Lease> {
    signal?.throwIfAborted();
    const askedAt = performance.now();
    const phases = currentPhases();
    phases?.enter("pool");
    const endsAt = askedAt + this.#options.waitMs;
    this.#waiting += 1;
    try {
      for (;;) {
        const { connection, takenAt } = await this.#next(endsAt, signal);
        this.#used += 1;
        if (!this.#fitness.knows(connection)) {
          await this.#begin(connection, endsAt, signal);
          return { connection, reused: false, waitMs: performance.now() - askedAt };
        }
        const fit = this.#fitness.isFit(connection, takenAt, signal);
        if (fit === true) return { connection, reused: true, waitMs: takenAt - askedAt };
        if (await this.#orDestroy(connection, fit))
          return { connection, reused: true, waitMs: performance.now() - askedAt };
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
    this.#fitness.used(connection);
    connection.release();
  }

  destroy(connection: PoolConnection): void {
    this.#used -= 1;
    connection.destroy();
  }

  /** A connection was found dead in use: the others may be too, and are checked before they are used again. */
  suspect(): void {
    this.#fitness.suspect();
  }

  /** Closes all connections. Never rejects, and takes a second at most: one that cannot say goodbye is as good as closed. */
  close(): Promise<void> {
    const ended = () => new Promise<void>((resolve) => this.#pool.end(() => resolve()));
    this.#closed ??= Promise.race([ended(), sleep(closeWithinMs, undefined, { ref: false })]);
    return this.#closed;
  }

  #next(endsAt: number, signal: CancelSignal | undefined) {
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

  /** The first use of a connection waits until it has its session state. */
  async #begin(connection: PoolConnection, endsAt: number, signal: CancelSignal | undefined): Promise<void> {
    const limitMs = Math.max(0, endsAt - performance.now());
    const late = () => new Problem("database_unavailable");
    try {
      await bounded(this.#new.ready(connection), { limitMs, late, signal });
    } catch (error) {
      this.#used -= 1;
      this.#giveBack(connection);
      throw databaseError(error);
    }
    this.#fitness.remember(connection);
  }

  /** Whether it is fit; one that is not, or whose check the request does not wait for, is closed. */
  async #orDestroy(connection: PoolConnection, fit: boolean | Promise<boolean>): Promise<boolean> {
    let keep = false;
    try {
      keep = await fit;
      return keep;
    } finally {
      if (!keep) this.destroy(connection);
    }
  }

  /** The driver still hands connections to waits that nobody is waiting in any more: they go straight back. */
  #giveBack(connection: PoolConnection): void {
    if (this.#fitness.knows(connection)) {
      connection.release();
      return;
    }
    this.#new.ready(connection).then(
      () => {
        this.#fitness.remember(connection);
        connection.release();
      },
      () => {},
    );
  }
}

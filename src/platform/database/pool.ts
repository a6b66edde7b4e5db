// A bounded connection pool on top of the driver's, which waits forever, keeps connections that died while idle and never
// replaces old ones. Here a wait has a limit, and every connection handed out was pinged or used a moment ago.
import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { bounded, boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentPhases } from "../request/scope.ts";
import type { ConnectionOptions } from "./connection.ts";
import { ConnectionReuse } from "./connection-reuse.ts";
import { idleConnections, openConnections } from "./driver-internals.ts";
import { databaseError } from "./errors.ts";
import { NewConnections } from "./new-connections.ts";
import type { FailedWait, PoolState } from "./telemetry.ts";

/** Size and time limits of the pool. */
export interface PoolOptions {
  /** Maximum number of open connections. */
  limit: number;
  /** How many idle connections stay open. */
  maxIdle: number;
  /** Longest wait for a connection, ping included. */
  waitMs: number;
  /** Connections older than about this are replaced, so that the pool follows a failover, a proxy or a changed address. */
  recycleMs: number;
}

/** A connection on loan. */
export interface Lease {
  connection: PoolConnection;
  /** False when it was opened for this lease. */
  reused: boolean;
  /** Time spent waiting for it, ping included. */
  waitMs: number;
}

const closeTimeoutMs = 1000;
/** The driver keeps abandoned waiters in its queue until a connection comes free. If none does for hours, this bounds it. */
const queueLimit = 10_000;

/** Hands out connections. Release or destroy each one exactly once. */
export class ConnectionPool {
  readonly #pool: Pool;
  readonly #options: PoolOptions;
  readonly #onFailedWait: FailedWait;
  readonly #new: NewConnections;
  readonly #reuse: ConnectionReuse;
  #used = 0;
  #waiting = 0;
  #closed: Promise<void> | undefined;

  /** Calls `onFailedWait` whenever a wait for a connection fails. */
  constructor(connection: ConnectionOptions, options: PoolOptions, onFailedWait: FailedWait = () => {}) {
    this.#options = options;
    this.#onFailedWait = onFailedWait;
    this.#pool = createPool({
      ...connection,
      connectionLimit: options.limit,
      maxIdle: options.maxIdle,
      idleTimeout: 60_000,
      enableKeepAlive: true,
      queueLimit,
      // A stack trace per query would cost a tenth of the CPU time.
      trace: false,
    });
    this.#new = new NewConnections(this.#pool);
    this.#reuse = new ConnectionReuse(options.recycleMs);
  }

  /** Connections and waiting requests right now. */
  state(): PoolState {
    const idle = Math.max(0, openConnections(this.#pool) - this.#used);
    return { used: this.#used, idle, waiting: this.#waiting, limit: this.#options.limit };
  }

  /**
   * Leases a connection that works as far as we can tell, until {@link release} or {@link destroy}. The wait counts as the
   * request's phase `pool`.
   *
   * @throws {Problem} pool_timeout when all connections stay in use too long; database_unavailable; the reason of `signal`.
   */
  async acquire(signal: CancelSignal | undefined): Promise<Lease> {
    signal?.throwIfAborted();
    const askedAt = performance.now();
    const phases = currentPhases();
    phases?.enter("pool");
    const waitEndsAt = askedAt + this.#options.waitMs;
    this.#waiting += 1;
    try {
      for (;;) {
        const { connection, takenAt } = await this.#take(waitEndsAt, signal);
        this.#used += 1;
        if (!this.#reuse.has(connection)) {
          await this.#prepareNew(connection, waitEndsAt, signal);
          return { connection, reused: false, waitMs: performance.now() - askedAt };
        }
        const fit = this.#reuse.isFit(connection, takenAt, signal);
        if (fit === true) return { connection, reused: true, waitMs: takenAt - askedAt };
        if (await this.#keepOrDestroy(connection, fit))
          return { connection, reused: true, waitMs: performance.now() - askedAt };
      }
    } catch (error) {
      this.#onFailedWait(error, performance.now() - askedAt);
      throw error;
    } finally {
      this.#waiting -= 1;
      phases?.leave("pool");
    }
  }

  /** Returns a connection to the pool, for the next request. */
  release(connection: PoolConnection): void {
    this.#used -= 1;
    this.#reuse.markUsed(connection);
    connection.release();
  }

  /** Closes a connection that must not be reused. */
  destroy(connection: PoolConnection): void {
    this.#used -= 1;
    connection.destroy();
  }

  /** Pings every connection before its next use: one was found dead in use, so the others may be dead too. */
  suspectAll(): void {
    this.#reuse.suspectAll();
  }

  /** Closes all connections. Takes at most a second and never rejects: a connection that cannot say goodbye counts as closed. */
  close(): Promise<void> {
    const ended = () => new Promise<void>((resolve) => this.#pool.end(() => resolve()));
    this.#closed ??= Promise.race([ended(), sleep(closeTimeoutMs, undefined, { ref: false })]);
    return this.#closed;
  }

  /** Takes the driver's next connection, idle or new. */
  #take(waitEndsAt: number, signal: CancelSignal | undefined) {
    let waiting = true;
    // Wrapped in an object: resolving with the bare connection would look up `then` through its whole prototype chain.
    type Taken = { connection: PoolConnection; takenAt: number };
    const ask = (resolve: (taken: Taken) => void, reject: (error: unknown) => void) =>
      this.#pool.getConnection((error, connection) => {
        if (error !== null) reject(error);
        else if (waiting) resolve({ connection, takenAt: performance.now() });
        else this.#returnUnused(connection);
      });
    // An idle connection is handed out at once: no limit needed.
    if (idleConnections(this.#pool) > 0) return new Promise<Taken>(ask);
    // With fewer in use than the limit, what takes so long is opening a connection: the database's fault, not the load's.
    const late = () => new Problem(this.#used < this.#options.limit ? "database_unavailable" : "pool_timeout");
    const limitMs = Math.max(0, waitEndsAt - performance.now());
    return boundedCall(ask, { limitMs, late, signal }).catch((error: unknown) => {
      waiting = false;
      if (error instanceof Error && error.message === "Queue limit reached.") throw new Problem("pool_timeout");
      throw databaseError(error);
    });
  }

  /** Waits until a new connection has its session state. */
  async #prepareNew(connection: PoolConnection, waitEndsAt: number, signal: CancelSignal | undefined): Promise<void> {
    const limitMs = Math.max(0, waitEndsAt - performance.now());
    const late = () => new Problem("database_unavailable");
    try {
      await bounded(this.#new.ready(connection), { limitMs, late, signal });
    } catch (error) {
      this.#used -= 1;
      this.#returnUnused(connection);
      throw databaseError(error);
    }
    this.#reuse.add(connection);
  }

  /** Whether the connection is fit. Destroys it when it is not, or when the request ends during the ping. */
  async #keepOrDestroy(connection: PoolConnection, fit: boolean | Promise<boolean>): Promise<boolean> {
    let keep = false;
    try {
      keep = await fit;
      return keep;
    } finally {
      if (!keep) this.destroy(connection);
    }
  }

  /** The driver still hands connections to abandoned waiters: returns such a connection to the pool. */
  #returnUnused(connection: PoolConnection): void {
    if (this.#reuse.has(connection)) {
      connection.release();
      return;
    }
    this.#new.ready(connection).then(
      () => {
        this.#reuse.add(connection);
        connection.release();
      },
      () => {},
    );
  }
}

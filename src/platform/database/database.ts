// The one way to the database. Every wait has its own limit and heeds the request's deadline; the driver has neither.
import type { PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2";
import { Breaker, type BreakerState } from "../breaker.ts";
import type { Logger } from "../log.ts";
import { Problem } from "../problem.ts";
import { currentDeadline, currentPhases } from "../request-scope.ts";
import type { StopSignal } from "../stop-signal.ts";
import { connectionOptions } from "./connection.ts";
import { isDeadlock, meansReadOnly } from "./errors.ts";
import { ConnectionPool, type Lease, type PoolOptions, type PoolState } from "./pool.ts";
import { QueryKiller } from "./query-killer.ts";
import { retryDeadlocks } from "./retry.ts";
import { type Parameter, Session, type SessionTools, type StatementOptions, type StatementResult } from "./session.ts";
import { type DatabaseTelemetry, databaseTelemetry } from "./telemetry.ts";
import { inTransaction, type Statements } from "./transaction.ts";

export interface DatabaseOptions extends PoolOptions, StatementOptions {
  /** mysql://user:password@host:port/database */
  url: string;
  /** Not given: an outage is met by each call anew. */
  breaker?: { failures: number; resetMs: number; probeTimeoutMs: number } | undefined;
}

interface TransactionOptions {
  /** Run `work` again after a deadlock: for work that does nothing outside of the database. */
  retryDeadlocks?: boolean;
}

export class Database implements Statements {
  readonly #pool: ConnectionPool;
  readonly #killer: QueryKiller;
  readonly #telemetry: DatabaseTelemetry;
  readonly #breaker: Breaker | undefined;
  readonly #tools: SessionTools;

  constructor(options: DatabaseOptions, log: Logger) {
    const connection = connectionOptions(options.url);
    this.#pool = new ConnectionPool(connection, options);
    this.#killer = new QueryKiller(options.url);
    this.#telemetry = databaseTelemetry(connection, () => this.state());
    const probe = () => this.#run("database.probe", "SELECT 1", [], true);
    this.#breaker = options.breaker && new Breaker({ name: "database", ...options.breaker, isFailure, probe }, log);
    const onUnstoppable = () => this.#unstoppable();
    this.#tools = { options, killer: this.#killer, telemetry: this.#telemetry, log, onUnstoppable };
  }

  /** Connections at this instant. */
  state(): PoolState {
    return this.#pool.state();
  }

  /** Open while calls are refused because the database does not work. */
  get breakerState(): BreakerState {
    return this.#breaker?.state ?? "closed";
  }

  /**
   * The rows of a SELECT. `name` is the query's name in telemetry, such as `automations.list`. Asked once more when its
   * connection turns out to have died while it lay idle.
   *
   * @throws {Problem} pool_timeout, query_timeout, database_unavailable, breaker_open.
   */
  query(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<RowDataPacket[]> {
    return this.#guarded(() => this.#run<RowDataPacket[]>(name, sql, parameters, true));
  }

  /** Runs an INSERT, UPDATE or DELETE; once more when it was given up to end a deadlock. Throws as {@link query} does. */
  execute(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<ResultSetHeader> {
    return this.#guarded(() => this.#run<ResultSetHeader>(name, sql, parameters, false));
  }

  /**
   * Runs `work` in a transaction: committed when it resolves, rolled back when it rejects or the request ends. `name` is its
   * span's. Throws as {@link query} does, or what `work` throws. A query_timeout of the COMMIT leaves open whether it took place.
   */
  transaction<Result>(
    name: string,
    work: (transaction: Statements) => Promise<Result>,
    { retryDeadlocks: retry = false }: TransactionOptions = {},
  ): Promise<Result> {
    const signal = currentDeadline()?.stop;
    const once = () => this.#transactOnce(work, signal);
    const onRetry = () => this.#telemetry.retried(name, "deadlock");
    const run = () => (retry ? retryDeadlocks(once, { signal, onRetry }) : once());
    return this.#guarded(() => this.#telemetry.inSpan(name, run));
  }

  /** Resolves when the database answers; rejects as {@link query} does. */
  async ping(): Promise<void> {
    await this.query("health.ping", "SELECT 1");
  }

  /** Closes all connections, within a second. Call it when no request is left that could still ask for one. Never rejects. */
  async close(): Promise<void> {
    this.#telemetry.stop();
    this.#breaker?.close();
    await this.#pool.close();
    this.#killer.close();
  }

  #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#breaker === undefined ? work() : this.#breaker.run(work);
  }

  #run<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    isRead: boolean,
  ): Promise<Result> {
    const signal = currentDeadline()?.stop;
    const onRetry = () => this.#telemetry.retried(name, "deadlock");
    return retryDeadlocks(() => this.#runOnce<Result>(name, sql, parameters, isRead, signal), { signal, onRetry });
  }

  /** A read is asked once more when its connection turns out to have died while it lay idle. */
  async #runOnce<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    isRead: boolean,
    signal: StopSignal | undefined,
  ): Promise<Result> {
    for (let mayRetry = isRead; ; mayRetry = false) {
      const { session, reused, done } = await this.#open(signal);
      try {
        return await session.run<Result>(name, sql, parameters, signal);
      } catch (error) {
        if (!(mayRetry && reused && session.lost)) throw error;
      } finally {
        done();
      }
      this.#telemetry.retried(name, "connection_lost");
    }
  }

  async #transactOnce<Result>(
    work: (transaction: Statements) => Promise<Result>,
    signal: StopSignal | undefined,
  ): Promise<Result> {
    const { session, done } = await this.#open(signal);
    const outcome = await inTransaction(session, work, signal);
    if ("result" in outcome) {
      done();
      return outcome.result;
    }
    const undone = outcome.undone.then(done);
    // Whoever has no time left does not wait for the rollback either; all others find it done.
    const outOfTime = signal?.aborted || (outcome.error instanceof Problem && outcome.error.type === "query_timeout");
    if (!outOfTime) await undone;
    throw outcome.error;
  }

  /** A connection of the pool, with what runs statements on it. `done` gives it back as soon as nothing runs on it. */
  async #open(signal: StopSignal | undefined) {
    signal?.throwIfAborted();
    const phases = currentPhases();
    phases?.enter("pool");
    let lease: Lease;
    try {
      lease = await this.#pool.acquire(signal);
    } catch (error) {
      if (error instanceof Problem && error.type === "pool_timeout") this.#telemetry.timedOut();
      throw error;
    } finally {
      phases?.leave("pool");
    }
    const { connection, reused } = lease;
    const waitS = lease.waitMs / 1000;
    this.#telemetry.waited(waitS);
    const session = new Session(connection, waitS, this.#tools);
    const done = () => (session.intact ? this.#pool.release(connection) : this.#giveBack(session, connection));
    return { session, reused, done };
  }

  /** A connection on which a statement was given up, or that was lost. */
  async #giveBack(session: Session, connection: PoolConnection): Promise<void> {
    if (session.lost) this.#pool.suspect();
    if (await session.whole()) this.#pool.release(connection);
    else this.#pool.destroy(connection);
  }

  /** A query that cannot be stopped either is no slow query: the server does not answer at all. */
  #unstoppable(): void {
    this.#pool.suspect();
    this.#guarded(() => Promise.reject(new Problem("database_unavailable"))).catch(() => {});
  }
}

/**
 * Whether an error means that the database is down. Not when it took too long and could be stopped (a slow query, or a lock
 * that somebody holds), and not when it answers but takes no writes: reads go on then.
 */
function isFailure(error: unknown): boolean {
  if (!(error instanceof Problem) || error.type !== "database_unavailable") return false;
  return !meansReadOnly(error) && !isDeadlock(error.options.cause);
}

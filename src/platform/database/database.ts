// The service's only entry to the database. Every wait has a limit and ends at the request's deadline; the driver has neither.
import type { ResultSetHeader, RowDataPacket } from "mysql2";
import { Breaker, type BreakerState } from "../breaker/breaker.ts";
import type { Logger } from "../log.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentDeadline } from "../request/scope.ts";
import { connectionOptions } from "./connection.ts";
import { errorCode, isDeadlock, isInterrupted, isReadOnly } from "./errors.ts";
import { ConnectionPool, type Lease, type PoolOptions } from "./pool.ts";
import { QueryKiller } from "./query-killer.ts";
import { pauseAfterDeadlock, retryDeadlocks } from "./retry.ts";
import { type Parameter, Session, type SessionTools, type StatementOptions, type StatementResult } from "./session.ts";
import { type DatabaseTelemetry, databaseTelemetry, type PoolState } from "./telemetry.ts";
import { inTransaction, type Statements } from "./transaction.ts";

/** Settings of a {@link Database}: connection, pool, time limits and breaker. */
export interface DatabaseOptions extends PoolOptions, StatementOptions {
  /** mysql://user:password@host:port/database */
  url: string;
  /** Without it, every call tries the database again during an outage. */
  breaker?: { failures: number; resetMs: number; probeTimeoutMs: number } | undefined;
}

interface TransactionOptions {
  /** Retries `work` after a deadlock. Only for work without side effects outside the database. */
  retryDeadlocks?: boolean;
}

/** Queries, writes and transactions over a connection pool, behind a circuit breaker, with telemetry. */
export class Database implements Statements {
  readonly #pool: ConnectionPool;
  readonly #killer: QueryKiller;
  readonly #telemetry: DatabaseTelemetry;
  readonly #breaker: Breaker | undefined;
  readonly #tools: SessionTools;

  constructor(options: DatabaseOptions, log: Logger) {
    const connection = connectionOptions(options.url);
    const { socketPath, host, port, database } = connection;
    const address = socketPath === undefined ? { host, port } : { host: socketPath, port: undefined };
    this.#telemetry = databaseTelemetry({ ...address, database }, () => this.state());
    this.#pool = new ConnectionPool(connection, options, (error, waitMs) => {
      this.#telemetry.waitFailed(waitMs / 1000, error instanceof Problem ? error.type : (errorCode(error) ?? "_OTHER"));
    });
    this.#killer = new QueryKiller(options.url);
    const probe = () => this.#run("database.probe", "SELECT 1", [], true);
    this.#breaker = options.breaker && new Breaker({ name: "database", ...options.breaker, isFailure, probe }, log);
    const server = { answeredAt: 0 };
    const onSilence = () => this.#reportSilence();
    this.#tools = { options, killer: this.#killer, telemetry: this.#telemetry, log, server, onSilence };
  }

  /** The pool's connections and waiting requests right now. */
  state(): PoolState {
    return this.#pool.state();
  }

  /** `open` while calls are refused because the database is down. */
  get breakerState(): BreakerState {
    return this.#breaker?.state ?? "closed";
  }

  /**
   * Runs a SELECT and returns its rows. `name` identifies the query in telemetry, such as `orders.list`. Retried once
   * when its connection turns out to have died while idle, and after a deadlock.
   *
   * @throws {Problem} pool_timeout, query_timeout, database_unavailable, breaker_open.
   */
  query(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<RowDataPacket[]> {
    return this.#throughBreaker(() => this.#run<RowDataPacket[]>(name, sql, parameters, true));
  }

  /** Runs an INSERT, UPDATE or DELETE. Retried after a deadlock. Throws as {@link query} does. */
  write(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<ResultSetHeader> {
    return this.#throughBreaker(() => this.#run<ResultSetHeader>(name, sql, parameters, false));
  }

  /**
   * Runs `work` in a transaction: commits when it resolves, rolls back when it rejects or the request ends. `name` names the
   * span. Throws as {@link query} does, or what `work` throws. After a query_timeout of the COMMIT, the outcome is unknown.
   */
  transaction<Result>(
    name: string,
    work: (transaction: Statements) => Promise<Result>,
    { retryDeadlocks: retry = false }: TransactionOptions = {},
  ): Promise<Result> {
    const signal = currentDeadline()?.stop;
    const attempt = () => this.#attemptTransaction(work, signal);
    const onRetry = () => this.#telemetry.retried(name, "deadlock");
    const run = () => (retry ? retryDeadlocks(attempt, { signal, onRetry }) : attempt());
    return this.#throughBreaker(() => this.#telemetry.inSpan(name, run));
  }

  /** Resolves when the database answers. Throws as {@link query} does. */
  async ping(): Promise<void> {
    await this.query("health.ping", "SELECT 1");
  }

  /** Closes all connections, within a second. Call it once no request can need one any more. Never rejects. */
  async close(): Promise<void> {
    this.#telemetry.stop();
    this.#breaker?.close();
    await this.#pool.close();
    this.#killer.close();
  }

  #throughBreaker<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#breaker === undefined ? work() : this.#breaker.run(work);
  }

  /** Runs a statement. Retries it after a deadlock, and a read also when its connection turns out to have died while idle. */
  async #run<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    isRead: boolean,
  ): Promise<Result> {
    const signal = currentDeadline()?.stop;
    let mayReconnect = isRead;
    let tries = 1;
    for (;;) {
      const session = this.#open(await this.#pool.acquire(signal));
      let failure: unknown;
      try {
        return await session.run<Result>(name, sql, parameters, signal);
      } catch (error) {
        failure = error;
      } finally {
        this.#release(session);
      }
      if (mayReconnect && session.reused && session.lost) {
        mayReconnect = false;
        this.#telemetry.retried(name, "connection_lost");
      } else {
        const onRetry = () => this.#telemetry.retried(name, "deadlock");
        await pauseAfterDeadlock(failure, tries, { signal, onRetry });
        tries += 1;
      }
    }
  }

  async #attemptTransaction<Result>(
    work: (transaction: Statements) => Promise<Result>,
    signal: CancelSignal | undefined,
  ): Promise<Result> {
    const session = this.#open(await this.#pool.acquire(signal));
    const outcome = await inTransaction(session, work, signal);
    if ("result" in outcome) {
      this.#release(session);
      return outcome.result;
    }
    const released = outcome.rolledBack.then(() => this.#release(session));
    // A request that is out of time does not wait for the rollback; every other caller can rely on it.
    const outOfTime = signal?.aborted || (outcome.error instanceof Problem && outcome.error.type === "query_timeout");
    if (!outOfTime) await released;
    throw outcome.error;
  }

  /** Starts a session on a leased connection. End it with {@link #release}. */
  #open(lease: Lease): Session {
    this.#telemetry.waited(lease.waitMs / 1000);
    return new Session(lease, this.#tools);
  }

  /** Returns the connection to the pool as soon as nothing runs on it. */
  #release(session: Session): void | Promise<void> {
    if (session.intact) this.#pool.release(session.connection);
    else return this.#releaseOrDestroy(session);
  }

  /** For a connection that was lost, or on which a statement was abandoned. */
  async #releaseOrDestroy(session: Session): Promise<void> {
    if (session.lost) this.#pool.suspectAll();
    if (await session.reusable()) this.#pool.release(session.connection);
    else this.#pool.destroy(session.connection);
  }

  /** A server that neither stops a query nor answers anything else is down, not slow: the breaker counts a failure. */
  #reportSilence(): void {
    this.#pool.suspectAll();
    this.#throughBreaker(() => Promise.reject(new Problem("database_unavailable"))).catch(() => {});
  }
}

/**
 * Whether an error means that the database is down. A statement that ran too long and could be stopped doesn't (it was slow,
 * or waited for a lock), nor does one that somebody killed, nor a server that only refuses writes: reads still work.
 */
function isFailure(error: unknown): boolean {
  if (!(error instanceof Problem) || error.type !== "database_unavailable") return false;
  return !isReadOnly(error) && !isInterrupted(error) && !isDeadlock(error);
}

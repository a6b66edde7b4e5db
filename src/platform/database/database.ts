// The one way to the database. Every wait has its own limit and heeds the request's deadline; the driver has neither.
import type { ResultSetHeader, RowDataPacket } from "mysql2";
import { Breaker, type BreakerState } from "../breaker/breaker.ts";
import type { Logger } from "../log.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentDeadline } from "../request/scope.ts";
import { connectionOptions } from "./connection.ts";
import { isDeadlock, meansInterruption, meansReadOnly } from "./errors.ts";
import { ConnectionPool, type Lease, type PoolOptions } from "./pool.ts";
import { QueryKiller } from "./query-killer.ts";
import { pauseAfterDeadlock, retryDeadlocks } from "./retry.ts";
import { type Parameter, Session, type SessionTools, type StatementOptions, type StatementResult } from "./session.ts";
import { type DatabaseTelemetry, databaseTelemetry, type PoolState } from "./telemetry.ts";
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
    const { socketPath, host, port, database } = connection;
    const address = socketPath === undefined ? { host, port } : { host: socketPath, port: undefined };
    this.#telemetry = databaseTelemetry({ ...address, database }, () => this.state());
    this.#pool = new ConnectionPool(connection, options, () => this.#telemetry.timedOut());
    this.#killer = new QueryKiller(options.url);
    const probe = () => this.#run("database.probe", "SELECT 1", [], true);
    this.#breaker = options.breaker && new Breaker({ name: "database", ...options.breaker, isFailure, probe }, log);
    const server = { answeredAt: 0 };
    const onSilence = () => this.#silent();
    this.#tools = { options, killer: this.#killer, telemetry: this.#telemetry, log, server, onSilence };
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

  /** Runs a statement, again after a deadlock; a read also when its connection turns out to have died while it lay idle. */
  async #run<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    isRead: boolean,
  ): Promise<Result> {
    const signal = currentDeadline()?.stop;
    let mayAskAgain = isRead;
    let tries = 1;
    for (;;) {
      const session = this.#open(await this.#pool.acquire(signal));
      let failure: unknown;
      try {
        return await session.run<Result>(name, sql, parameters, signal);
      } catch (error) {
        failure = error;
      } finally {
        this.#done(session);
      }
      if (mayAskAgain && session.reused && session.lost) {
        mayAskAgain = false;
        this.#telemetry.retried(name, "connection_lost");
      } else {
        const onRetry = () => this.#telemetry.retried(name, "deadlock");
        await pauseAfterDeadlock(failure, tries, { signal, onRetry });
        tries += 1;
      }
    }
  }

  async #transactOnce<Result>(
    work: (transaction: Statements) => Promise<Result>,
    signal: CancelSignal | undefined,
  ): Promise<Result> {
    const session = this.#open(await this.#pool.acquire(signal));
    const outcome = await inTransaction(session, work, signal);
    if ("result" in outcome) {
      this.#done(session);
      return outcome.result;
    }
    const undone = outcome.undone.then(() => this.#done(session));
    // Whoever has no time left does not wait for the rollback either; all others find it done.
    const outOfTime = signal?.aborted || (outcome.error instanceof Problem && outcome.error.type === "query_timeout");
    if (!outOfTime) await undone;
    throw outcome.error;
  }

  /** What runs statements on a connection of the pool, until {@link #done}. */
  #open(lease: Lease): Session {
    this.#telemetry.waited(lease.waitMs / 1000);
    return new Session(lease, this.#tools);
  }

  /** Gives its connection back as soon as nothing runs on it. */
  #done(session: Session): void | Promise<void> {
    if (session.intact) this.#pool.release(session.connection);
    else return this.#giveBack(session);
  }

  /** A connection on which a statement was given up, or that was lost. */
  async #giveBack(session: Session): Promise<void> {
    if (session.lost) this.#pool.suspect();
    if (await session.whole()) this.#pool.release(session.connection);
    else this.#pool.destroy(session.connection);
  }

  /** A server that neither stops a query nor answers anything else is down, not slow. */
  #silent(): void {
    this.#pool.suspect();
    this.#guarded(() => Promise.reject(new Problem("database_unavailable"))).catch(() => {});
  }
}

/**
 * Whether an error means that the database is down. Not when it took too long and could be stopped (a slow query, or a lock
 * that somebody holds), not when somebody stopped the statement, and not when it answers but takes no writes: reads go on then.
 */
function isFailure(error: unknown): boolean {
  if (!(error instanceof Problem) || error.type !== "database_unavailable") return false;
  return !meansReadOnly(error) && !meansInterruption(error) && !isDeadlock(error);
}

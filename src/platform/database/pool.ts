// A bounded pool of MySQL connections and the one way to run a query: wait for a connection, run, give it back, each
// timed apart and bounded by its own limit and by the request's deadline. mysql2 bounds neither, so that is done here.
import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type Pool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { bounded } from "../bounded.ts";
import type { Logger } from "../log.ts";
import { Problem } from "../problem.ts";
import { currentDeadline } from "../request-context.ts";
import { connectionOptions } from "./connection.ts";
import { databaseError, errorCode } from "./errors.ts";
import { QueryKiller } from "./query-killer.ts";
import { databaseTelemetry, type PoolState } from "./telemetry.ts";

const closeWithinMs = 1000;

/** What a placeholder may stand for. No objects: the driver would expand them into SQL. */
export type Parameter = string | number | boolean | Date | null;

export interface DatabaseOptions {
  /** mysql://user:password@host:port/database */
  url: string;
  /** Most open connections. */
  limit: number;
  /** Connections that are kept open when idle. */
  maxIdle: number;
  waitMs: number;
  queryTimeoutMs: number;
  slowQueryMs: number;
}

export class Database {
  readonly #pool: Pool;
  readonly #options: DatabaseOptions;
  readonly #log: Logger;
  readonly #telemetry: ReturnType<typeof databaseTelemetry>;
  readonly #killer: QueryKiller;
  #waiting = 0;
  #used = 0;
  #closed: Promise<void> | undefined;

  constructor(options: DatabaseOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    const connection = connectionOptions(options.url);
    this.#pool = createPool({
      ...connection,
      connectionLimit: options.limit,
      maxIdle: options.maxIdle,
      idleTimeout: 60_000,
      enableKeepAlive: true,
      trace: false,
    });
    this.#killer = new QueryKiller(options.url);
    this.#telemetry = databaseTelemetry(connection, () => this.state());
  }

  /** Connections at this instant. */
  state(): PoolState {
    const open = openConnections(this.#pool);
    return {
      used: this.#used,
      idle: Math.max(0, open - this.#used),
      waiting: this.#waiting,
      limit: this.#options.limit,
    };
  }

  /**
   * The rows of a SELECT. `name` is the query's name in telemetry, such as `automations.list`.
   *
   * @throws {Problem} pool_timeout, query_timeout, database_unavailable.
   */
  async query(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<RowDataPacket[]> {
    return this.#run<RowDataPacket[]>(name, sql, parameters);
  }

  /** Runs an INSERT, UPDATE or DELETE. Throws as {@link query} does. */
  async execute(name: string, sql: string, parameters: readonly Parameter[] = []): Promise<ResultSetHeader> {
    return this.#run<ResultSetHeader>(name, sql, parameters);
  }

  /** Resolves when the database answers; rejects as {@link query} does. */
  async ping(): Promise<void> {
    await this.query("health.ping", "SELECT 1");
  }

  /**
   * Closes all connections. Call it when no request is left that could still ask for one.
   * Never rejects, and takes a second at most: a connection that cannot say goodbye is as good as closed.
   */
  close(): Promise<void> {
    this.#telemetry.stop();
    this.#closed ??= Promise.race([this.#end(), sleep(closeWithinMs, undefined, { ref: false })]).catch(() => {});
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#pool.end();
    await this.#killer.close();
  }

  async #run<Result extends RowDataPacket[] | ResultSetHeader>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
  ): Promise<Result> {
    const signal = currentDeadline()?.signal;
    signal?.throwIfAborted();
    const askedAt = performance.now();
    const connection = await this.#acquire(signal);
    const startedAt = performance.now();
    const waitS = (startedAt - askedAt) / 1000;
    this.#telemetry.waited(waitS);
    const span = this.#telemetry.startQuery(name, sql, waitS);
    const running = connection.query<Result>({ sql, values: [...parameters] });
    const late = () => new Problem("query_timeout");
    let errorType: string | undefined;
    try {
      const [result] = await bounded(running, { limitMs: this.#options.queryTimeoutMs, late, signal });
      this.#release(connection);
      return result;
    } catch (error) {
      const known = databaseError(error);
      errorType = known instanceof Problem ? known.type : (errorCode(error) ?? "query_failed");
      if (error instanceof Problem) this.#stop(name, connection, running);
      else if (known instanceof Problem) this.#destroy(connection);
      else this.#release(connection);
      throw known;
    } finally {
      const durationMs = performance.now() - startedAt;
      this.#telemetry.endQuery(span, name, durationMs / 1000, errorType);
      if (durationMs > this.#options.slowQueryMs) this.#reportSlow(name, sql, durationMs, waitS * 1000);
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<PoolConnection> {
    const pending = this.#pool.getConnection();
    this.#waiting += 1;
    try {
      const late = () => new Problem("pool_timeout");
      const connection = await bounded(pending, { limitMs: this.#options.waitMs, late, signal });
      this.#used += 1;
      return connection;
    } catch (error) {
      if (!(error instanceof Problem)) throw databaseError(error);
      if (error.type === "pool_timeout") this.#telemetry.timedOut();
      // The driver will still hand a connection to this wait that nobody is waiting in: it goes straight back.
      pending.then(
        (connection) => connection.release(),
        () => {},
      );
      throw error;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Stops a query that was given up, in the server too; its connection stays taken until that is done. */
  async #stop(name: string, connection: PoolConnection, running: Promise<unknown>): Promise<void> {
    this.#telemetry.killed(name);
    if (await this.#killer.stop(connection.threadId, running)) this.#release(connection);
    else this.#destroy(connection);
  }

  #release(connection: PoolConnection): void {
    this.#used -= 1;
    connection.release();
  }

  #destroy(connection: PoolConnection): void {
    this.#used -= 1;
    connection.destroy();
  }

  #reportSlow(query: string, sql: string, durationMs: number, waitMs: number): void {
    this.#telemetry.slow(query);
    const statement = sql.replaceAll(/\s+/g, " ").trim().slice(0, 100);
    this.#log.warn(
      { query, statement, durationMs: Math.round(durationMs), poolWaitMs: Math.round(waitMs) },
      "slow query",
    );
  }
}

/** The driver counts its open connections but publishes no figure: this reads its own list, and 0 should it go away. */
function openConnections(pool: Pool): number {
  const inner: unknown = Reflect.get(pool.pool, "_allConnections");
  const length: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "length") : undefined;
  return typeof length === "number" ? length : 0;
}

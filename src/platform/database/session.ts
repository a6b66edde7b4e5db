// Runs statements on one leased connection. Each has a name, a span and a time limit; one that we abandon is also killed in
// the server.
import type { Span } from "@opentelemetry/api";
import type { PoolConnection, QueryError, ResultSetHeader, RowDataPacket } from "mysql2";
import type { Logger } from "../log.ts";
import { boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentPhases } from "../request/scope.ts";
import { databaseError, errorCode, isConnectionLost, isReadOnly } from "./errors.ts";
import { readDecimals } from "./exact-numbers.ts";
import { fingerprint, normalized } from "./fingerprint.ts";
import type { Lease } from "./pool.ts";
import type { QueryKiller } from "./query-killer.ts";
import { breaksSessionState, type ResultFields, statusOf } from "./session-state.ts";
import type { DatabaseTelemetry } from "./telemetry.ts";

/** The value of a placeholder. No objects: the driver would expand them into SQL. */
export type Parameter = string | number | boolean | Date | null;
/** Rows of a SELECT, or the summary of a write. */
export type StatementResult = RowDataPacket[] | ResultSetHeader;

/** Time limits of statements. */
export interface StatementOptions {
  /** A statement that runs longer than this is stopped. */
  queryTimeoutMs: number;
  /** A statement that takes longer than this is logged. */
  slowQueryMs: number;
}

/** What all sessions of a database share. */
export interface SessionTools {
  options: StatementOptions;
  killer: QueryKiller;
  telemetry: DatabaseTelemetry;
  log: Logger;
  /** When any session last heard from the server, on the clock of performance.now(). */
  server: { answeredAt: number };
  /** Called when an abandoned statement could not be stopped and the server answered nothing else meanwhile. */
  onSilence: () => void;
}

/** Runs one statement at a time on the connection of a {@link Lease}. */
export class Session {
  readonly connection: PoolConnection;
  /** False when the connection was opened for this session. */
  readonly reused: boolean;
  readonly #tools: SessionTools;
  /** Time spent waiting for the connection: reported with the first statement. */
  #waitMs: number;
  /** For the last abandoned statement: true once it has ended, false when its connection cannot be reused. */
  #stopped: Promise<boolean> | undefined;
  #lost = false;

  constructor({ connection, reused, waitMs }: Lease, tools: SessionTools) {
    this.connection = connection;
    this.reused = reused;
    this.#waitMs = waitMs;
    this.#tools = tools;
  }

  /** Whether a statement found the connection lost, or connected to the wrong server. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether all statements ran to their end, so that the connection can be reused at once. */
  get intact(): boolean {
    return this.#stopped === undefined && !this.#lost;
  }

  /** Whether the connection can be reused. Resolves when no statement runs on it any more. */
  async reusable(): Promise<boolean> {
    return (await this.#stopped) !== false && !this.#lost;
  }

  /**
   * Runs one statement. Don't call it again before it settles. When `signal` aborts, it rejects and kills the statement in the
   * server.
   *
   * @throws {Problem} query_timeout, database_unavailable; the reason of `signal`; the driver's error for an invalid statement.
   */
  async run<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    signal: CancelSignal | undefined,
  ): Promise<Result> {
    if (!this.intact && !(await this.reusable())) throw new Problem("database_unavailable");
    signal?.throwIfAborted();
    const { options, telemetry } = this.#tools;
    const waitMs = this.#waitMs;
    this.#waitMs = 0;
    const startedAt = performance.now();
    const span = telemetry.startQuery(name, sql, waitMs);
    const phases = currentPhases();
    const running = new RunningStatement();
    let rows: number | undefined;
    let errorType: string | undefined;
    try {
      const late = () => new Problem("query_timeout");
      const limits = { limitMs: options.queryTimeoutMs, late, signal };
      phases?.enter("query");
      const { result, fields } = await boundedCall<Answer<Result>>((resolve, reject) => {
        const done = (error: QueryError | null, result: Result, fields: ResultFields) => {
          running.end();
          if (error === null || !isConnectionLost(error)) this.#tools.server.answeredAt = performance.now();
          if (error !== null) return reject(error);
          if (Array.isArray(result)) readDecimals(result, fields ?? []);
          resolve({ result, fields });
        };
        this.connection.query<Result>({ sql, values: [...parameters] }, done);
      }, limits);
      this.#requireSessionState(statusOf(result, fields));
      rows = Array.isArray(result) ? result.length : result.affectedRows;
      return result;
    } catch (error) {
      if (error instanceof Problem) this.#stopped = this.#stop(name, running);
      // A server that refuses writes is a former primary: a new connection may reach the new one.
      else this.#lost ||= isConnectionLost(error) || isReadOnly(error);
      const mapped = databaseError(error);
      errorType = mapped instanceof Problem ? mapped.type : (errorCode(error) ?? "query_failed");
      throw mapped;
    } finally {
      phases?.leave("query");
      const durationMs = performance.now() - startedAt;
      if (durationMs > options.slowQueryMs) this.#reportSlow(span, { name, sql, durationMs, waitMs, rows });
      telemetry.endQuery(span, name, durationMs / 1000, errorType);
    }
  }

  /** @throws when the statement broke the session state: nothing more may run on this connection. */
  #requireSessionState(serverStatus: number | undefined): void {
    if (serverStatus === undefined || !breaksSessionState(serverStatus)) return;
    this.#lost = true;
    throw new Error("a statement turned off autocommit or backslash escapes: its connection is closed");
  }

  async #stop(name: string, running: RunningStatement): Promise<boolean> {
    const { killer, telemetry, server, onSilence } = this.#tools;
    telemetry.killed(name);
    const abandonedAt = performance.now();
    const outcome = await killer.stop(this.connection.threadId, running.ended());
    if (outcome === "silent" && server.answeredAt < abandonedAt) onSilence();
    return outcome === "stopped";
  }

  /** Without the values, which may hold secrets or personal data. */
  #reportSlow(span: Span, { name, sql, durationMs, waitMs, rows }: SlowStatement): void {
    const { telemetry, log } = this.#tools;
    const statement = normalized(sql).slice(0, 100);
    const hash = fingerprint(sql);
    telemetry.slow(span, name, hash);
    log.warn(
      {
        query: name,
        fingerprint: hash,
        statement,
        durationMs: Math.round(durationMs),
        poolWaitMs: Math.round(waitMs),
        rows,
      },
      "slow query",
    );
  }
}

interface Answer<Result> {
  result: Result;
  fields: ResultFields;
}

/** Tracks whether the server has answered a statement. Creates a promise only on demand, since few statements need one. */
class RunningStatement {
  #ended = false;
  #onEnd: (() => void) | undefined;

  end(): void {
    this.#ended = true;
    this.#onEnd?.();
  }

  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended) resolve();
      else this.#onEnd = resolve;
    });
  }
}

interface SlowStatement {
  name: string;
  sql: string;
  durationMs: number;
  waitMs: number;
  /** Rows read or changed; undefined when the statement failed. */
  rows: number | undefined;
}

// One connection at work: each statement has a name, a span, a limit, and is stopped in the server when it is given up.
import type { Span } from "@opentelemetry/api";
import type { PoolConnection, QueryError, ResultSetHeader, RowDataPacket } from "mysql2";
import type { Logger } from "../log.ts";
import { boundedCall } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { currentPhases } from "../request/scope.ts";
import { databaseError, errorCode, meansLostConnection, meansReadOnly } from "./errors.ts";
import { readDecimals } from "./exact-numbers.ts";
import { fingerprint, normalized } from "./fingerprint.ts";
import type { Lease } from "./pool.ts";
import type { QueryKiller } from "./query-killer.ts";
import { breaksSessionState, type ResultFields, statusOf } from "./session-state.ts";
import type { DatabaseTelemetry } from "./telemetry.ts";

/** What a placeholder may stand for. No objects: the driver would expand them into SQL. */
export type Parameter = string | number | boolean | Date | null;
export type StatementResult = RowDataPacket[] | ResultSetHeader;

export interface StatementOptions {
  /** Longest run of a statement. */
  queryTimeoutMs: number;
  /** A statement over this is logged. */
  slowQueryMs: number;
}

export interface SessionTools {
  options: StatementOptions;
  killer: QueryKiller;
  telemetry: DatabaseTelemetry;
  log: Logger;
  /** When any of its sessions last heard from the server, as of performance.now(). */
  server: { answeredAt: number };
  /** Called when a statement was given up, could not be stopped, and nothing at all was heard from the server meanwhile. */
  onSilence: () => void;
}

export class Session {
  readonly connection: PoolConnection;
  /** False of a connection that was opened for this session. */
  readonly reused: boolean;
  readonly #tools: SessionTools;
  /** Seconds that were waited for the connection: told with the first statement. */
  #waitS: number;
  /** Of the last statement that was given up: true once it has ended, false when its connection cannot be used again. */
  #stopped: Promise<boolean> | undefined;
  #lost = false;

  constructor({ connection, reused, waitMs }: Lease, tools: SessionTools) {
    this.connection = connection;
    this.reused = reused;
    this.#waitS = waitMs / 1000;
    this.#tools = tools;
  }

  /** Whether a statement found the connection gone, or leading to the wrong server. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether all statements ended by themselves, and the connection can be used again at once. */
  get intact(): boolean {
    return this.#stopped === undefined && !this.#lost;
  }

  /** Whether the connection can be used again; resolves when no statement runs on it any more. */
  async whole(): Promise<boolean> {
    return (await this.#stopped) !== false && !this.#lost;
  }

  /**
   * Runs one statement; one at a time. `signal` ends it, and stops it in the server.
   *
   * @throws {Problem} query_timeout, database_unavailable, the reason of `signal`; the driver's error when the server refuses it.
   */
  async run<Result extends StatementResult>(
    name: string,
    sql: string,
    parameters: readonly Parameter[],
    signal: CancelSignal | undefined,
  ): Promise<Result> {
    if (!this.intact && !(await this.whole())) throw new Problem("database_unavailable");
    signal?.throwIfAborted();
    const { options, telemetry } = this.#tools;
    const waitS = this.#waitS;
    this.#waitS = 0;
    const startedAt = performance.now();
    const span = telemetry.startQuery(name, sql, waitS);
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
          if (error === null || !meansLostConnection(error)) this.#tools.server.answeredAt = performance.now();
          if (error !== null) return reject(error);
          if (Array.isArray(result)) readDecimals(result, fields ?? []);
          resolve({ result, fields });
        };
        this.connection.query<Result>({ sql, values: [...parameters] }, done);
      }, limits);
      this.#requireState(statusOf(result, fields));
      rows = Array.isArray(result) ? result.length : result.affectedRows;
      return result;
    } catch (error) {
      if (error instanceof Problem) this.#stopped = this.#stop(name, running);
      // A server that takes no writes any more was the primary before: a new connection may lead to the one that is now.
      else this.#lost ||= meansLostConnection(error) || meansReadOnly(error);
      const known = databaseError(error);
      errorType = known instanceof Problem ? known.type : (errorCode(error) ?? "query_failed");
      throw known;
    } finally {
      phases?.leave("query");
      const durationMs = performance.now() - startedAt;
      if (durationMs > options.slowQueryMs)
        this.#reportSlow(span, { name, sql, durationMs, waitMs: waitS * 1000, rows });
      telemetry.endQuery(span, name, durationMs / 1000, errorType);
    }
  }

  /** @throws when the statement broke the session: nothing more may run on it. */
  #requireState(serverStatus: number | undefined): void {
    if (serverStatus === undefined || !breaksSessionState(serverStatus)) return;
    this.#lost = true;
    throw new Error("a statement turned off autocommit or backslash escapes: its connection is closed");
  }

  async #stop(name: string, running: RunningStatement): Promise<boolean> {
    const { killer, telemetry, server, onSilence } = this.#tools;
    telemetry.killed(name);
    const givenUpAt = performance.now();
    const outcome = await killer.stop(this.connection.threadId, running.ended());
    if (outcome === "silent" && server.answeredAt < givenUpAt) onSilence();
    return outcome === "stopped";
  }

  /** No values: they are nobody's business. */
  #reportSlow(span: Span, { name, sql, durationMs, waitMs, rows }: SlowStatement): void {
    const { telemetry, log } = this.#tools;
    const statement = normalized(sql).slice(0, 100);
    const known = fingerprint(sql);
    telemetry.slow(span, name, known);
    log.warn(
      {
        query: name,
        fingerprint: known,
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

/** Knows when the server has answered, for those who have given the answer up: hardly any statement needs a promise of it. */
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
  /** Read or changed; unknown of a statement that did not end well. */
  rows: number | undefined;
}

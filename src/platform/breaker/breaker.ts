// Stops calling a dependency that is down: its callers are told at once instead of each waiting for a timeout, and it gets
// the rest that it needs to come back.
// opossum keeps the state and times the way back. Calls do not go through its `fire`: there a half-open breaker is closed by
// the late success of a call from before the outage and by an error that is not to count, and with a trial that hangs it
// refuses for ever; nor can a trial that ended without a verdict be given to another call.
import { EventEmitter } from "node:events";
import CircuitBreaker from "opossum";
import type { Logger } from "../log.ts";
import { Problem, type ProblemType } from "../request/problem.ts";
import { outsideOfRequest } from "../request/scope.ts";
import type { BreakerSeries, BreakerState } from "./series.ts";
import { breakerTelemetry } from "./telemetry.ts";

export type { BreakerState };

export interface BreakerOptions {
  /** What it is called in telemetry and logs. */
  name: string;
  /** Where it is counted, with others. Default: a series of its own, under `name`. */
  series?: BreakerSeries;
  /** So many failures in a row open it. */
  failures: number;
  /** It stays open for so long, then it is half-open. */
  resetMs: number;
  /**
   * Whether an error says that the dependency is down. One that does not changes nothing: neither is it a failure nor does
   * it end a row of them. Not given: {@link isDependencyFailure}.
   */
  isFailure?: (error: unknown) => boolean;
  /** Tried instead of a call while half-open, outside of any request: it resolves when the dependency is up. */
  probe?: () => Promise<unknown>;
  /** A trial (the probe, or without one a call) that takes longer has failed; its caller waits on. 5000 if not given. */
  probeTimeoutMs?: number;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

/**
 * A query that runs out of time is one of them: a database that hangs shows in no other way. What is not a Problem is
 * either a bug of ours or a dependency's answer to something that is wrong with one call; which of them is not known here, so
 * it neither condemns the dependency nor vouches for it.
 */
const dependencyFailures: ReadonlySet<ProblemType> = new Set([
  "outbound_timeout",
  "dependency_failed",
  "query_timeout",
  "database_unavailable",
] as const);
export function isDependencyFailure(error: unknown): boolean {
  return error instanceof Problem && dependencyFailures.has(error.type);
}

export class Breaker {
  readonly #options: Required<Omit<BreakerOptions, "probe" | "series">>;
  readonly #circuit: CircuitBreaker;
  readonly #telemetry: ReturnType<typeof breakerTelemetry>;
  /** Goes up with each opening: a call that began in an earlier one is late, and its outcome changes nothing. */
  #period = 0;
  #failuresInARow = 0;
  #trying = false;
  #trialTimer: NodeJS.Timeout | undefined;
  #openUntil = 0;
  #downSince = 0;

  constructor({ probe, series, ...options }: BreakerOptions, log: Logger) {
    this.#options = { isFailure: isDependencyFailure, probeTimeoutMs: 5000, now: () => performance.now(), ...options };
    this.#telemetry = breakerTelemetry({ name: options.name, series }, () => this.state, log);
    this.#circuit = new CircuitBreaker(async () => {}, {
      resetTimeout: options.resetMs,
      enableSnapshots: false,
      // Instead of a timer that moves the window of its statistics on: they stay empty, as nothing is fired.
      rotateBucketController: new EventEmitter(),
    });
    this.#circuit.on("halfOpen", () => {
      this.#telemetry.halfOpened();
      if (probe !== undefined) void this.#probe(probe);
    });
  }

  get state(): BreakerState {
    if (this.#circuit.opened) return "open";
    return this.#circuit.halfOpen ? "half-open" : "closed";
  }

  /**
   * The outcome of `work`, which bounds itself. While open, and while half-open but for one call, `work` is not called.
   *
   * @throws {Problem} breaker_open
   */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.state !== "closed") this.#takeTrial();
    const period = this.#period;
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      this.#failed(period, error);
      throw error;
    }
    this.#telemetry.called("success");
    this.#succeeded(period);
    return result;
  }

  /** Frees the timers and the metric. Calls go through from now on, whatever the state was. */
  close(): void {
    clearTimeout(this.#trialTimer);
    this.#circuit.shutdown();
    this.#telemetry.stop();
  }

  /** @throws {Problem} breaker_open when this call cannot be the trial */
  #takeTrial(): void {
    if (this.#circuit.opened || this.#trying) {
      this.#telemetry.called("refused");
      const leftMs = this.#openUntil - this.#options.now();
      throw new Problem("breaker_open", { retryAfterS: Math.max(1, Math.ceil(leftMs / 1000)) });
    }
    this.#beginTrial();
  }

  #beginTrial(): void {
    const { probeTimeoutMs } = this.#options;
    const late = () => this.#open(new Error(`the trial took longer than ${probeTimeoutMs} ms`));
    this.#trying = true;
    this.#trialTimer = setTimeout(late, probeTimeoutMs).unref();
  }

  #endTrial(): void {
    this.#trying = false;
    clearTimeout(this.#trialTimer);
  }

  async #probe(probe: () => Promise<unknown>): Promise<void> {
    const period = this.#period;
    this.#beginTrial();
    try {
      await probe();
    } catch (error) {
      // Whatever the error: there is no call that could take the trial over.
      if (period === this.#period) this.#open(error);
      return;
    }
    this.#succeeded(period);
  }

  #succeeded(period: number): void {
    if (period !== this.#period) return;
    this.#failuresInARow = 0;
    if (!this.#circuit.halfOpen) return;
    this.#endTrial();
    this.#circuit.close();
    this.#telemetry.closed(this.#options.now() - this.#downSince);
  }

  #failed(period: number, error: unknown): void {
    const counts = this.#options.isFailure(error);
    this.#telemetry.called(counts ? "failure" : "ignored");
    if (period !== this.#period) return;
    if (counts) {
      this.#failuresInARow += 1;
      if (this.#circuit.halfOpen || this.#failuresInARow >= this.#options.failures) this.#open(error);
    } else if (this.#circuit.halfOpen) {
      this.#endTrial();
    }
  }

  #open(error: unknown): void {
    if (this.#circuit.isShutdown) return;
    const { now, resetMs } = this.#options;
    const outageGoesOn = this.#circuit.halfOpen;
    this.#period += 1;
    this.#endTrial();
    this.#openUntil = now() + resetMs;
    // opossum starts its timer here, and the probe runs from that: neither belongs to the request that failed.
    outsideOfRequest(() => this.#circuit.open());
    if (!outageGoesOn) this.#downSince = now();
    this.#telemetry.opened(error, outageGoesOn);
  }
}

// A circuit breaker. Stops calling a dependency that is down: callers fail fast instead of waiting for a timeout each, and the
// dependency can recover. opossum keeps the state and the reset timer, but calls bypass its `fire`. With `fire`, a half-open
// breaker would close on the late success of a call from before the outage or on an error that must not count, refuse forever
// when a trial hangs, and not pass an inconclusive trial on to another call.
import { EventEmitter } from "node:events";
import CircuitBreaker from "opossum";
import type { Logger } from "../log.ts";
import { Problem, type ProblemType } from "../request/problem.ts";
import { outsideRequest } from "../request/scope.ts";
import type { BreakerState, BreakerStateMetrics } from "./state-metrics.ts";
import { breakerTelemetry } from "./telemetry.ts";

export type { BreakerState };

export interface BreakerOptions {
  /** Its name in telemetry and logs. */
  name: string;
  /** A metric series shared with other breakers. Default: its own, under `name`. */
  series?: BreakerStateMetrics;
  /** Opens after this many consecutive failures. */
  failures: number;
  /** How long it stays open before it becomes half-open. */
  resetMs: number;
  /**
   * Whether an error means that the dependency is down. Any other error changes nothing: it neither counts as a failure nor
   * resets the count. Default: {@link isDependencyFailure}.
   */
  isFailure?: (error: unknown) => boolean;
  /** Tried instead of a call while half-open, outside any request. Resolves if the dependency is up. */
  probe?: () => Promise<unknown>;
  /** A trial (the probe, or else a call) that takes longer fails; a call itself still continues. Default: 5000. */
  probeTimeoutMs?: number;
  /** Milliseconds on a monotonic clock. */
  now?: () => number;
}

/**
 * The problems that mean a dependency is down. A query timeout is one: a hanging database shows in no other way. Any other
 * error is either our own bug or the dependency's response to one bad call, so it says nothing about the dependency's health.
 */
const dependencyFailures: ReadonlySet<ProblemType> = new Set([
  "outbound_timeout",
  "dependency_failed",
  "query_timeout",
  "database_unavailable",
] as const);

/** Whether `error` means that a dependency is down: a {@link Problem} of a type such as dependency_failed. */
export function isDependencyFailure(error: unknown): boolean {
  return error instanceof Problem && dependencyFailures.has(error.type);
}

export class Breaker {
  readonly #options: Required<Omit<BreakerOptions, "probe" | "series">>;
  readonly #circuit: CircuitBreaker;
  readonly #telemetry: ReturnType<typeof breakerTelemetry>;
  /** Incremented at each opening. The outcome of a call from an earlier period comes too late and changes nothing. */
  #period = 0;
  #consecutiveFailures = 0;
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
      // Replaces the timer that rotates the statistics window: statistics stay empty, as nothing is fired.
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
   * Runs `work` and settles as it does; `work` must have its own timeout. While open, and while half-open except for one trial
   * call, `work` is not called.
   *
   * @throws {Problem} breaker_open (503) when the call is refused.
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

  /** Releases the timers and the metric. From then on all calls go through, whatever the state was. */
  close(): void {
    clearTimeout(this.#trialTimer);
    this.#circuit.shutdown();
    this.#telemetry.stop();
  }

  /** Makes the current call the trial. Throws breaker_open if it cannot be. */
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
    const onTimeout = () => this.#open(new Error(`the trial took longer than ${probeTimeoutMs} ms`));
    this.#trying = true;
    this.#trialTimer = setTimeout(onTimeout, probeTimeoutMs).unref();
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
      // Any error counts: there is no call to repeat the trial.
      if (period === this.#period) this.#open(error);
      return;
    }
    this.#succeeded(period);
  }

  #succeeded(period: number): void {
    if (period !== this.#period) return;
    this.#consecutiveFailures = 0;
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
      this.#consecutiveFailures += 1;
      if (this.#circuit.halfOpen || this.#consecutiveFailures >= this.#options.failures) this.#open(error);
    } else if (this.#circuit.halfOpen) {
      this.#endTrial();
    }
  }

  #open(error: unknown): void {
    if (this.#circuit.isShutdown) return;
    const { now, resetMs } = this.#options;
    const outageContinues = this.#circuit.halfOpen;
    this.#period += 1;
    this.#endTrial();
    this.#openUntil = now() + resetMs;
    // opossum starts its reset timer here, and the probe runs from that timer: neither belongs to the request that failed.
    outsideRequest(() => this.#circuit.open());
    if (!outageContinues) this.#downSince = now();
    this.#telemetry.opened(error, outageContinues);
  }
}

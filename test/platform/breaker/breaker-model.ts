// A reference model of the circuit breaker; the test compares the two step by step.
import type { BreakerOptions, BreakerState } from "../../../src/platform/breaker/breaker.ts";

export type Outcome = "success" | "failure" | "ignored";

interface Work {
  readonly probe: boolean;
  /** Started before the breaker last opened. */
  late: boolean;
}

type Rules = Required<Pick<BreakerOptions, "failures" | "resetMs" | "probeTimeoutMs">> & { probing: boolean };

/** The rules of the breaker again, as plain as possible: what is running, which of it is the trial, what time it is. */
export class BreakerModel {
  state: BreakerState = "closed";
  nowMs = 0;
  /** How many calls and probes have reached the dependency. */
  started = 0;
  /** Those that have not ended, by their number. */
  readonly running = new Map<number, Work>();
  readonly counts = { success: 0, failure: 0, ignored: 0, refused: 0 };
  /** The Retry-After of each refused call, in seconds. */
  readonly refused: number[] = [];
  outages = 0;
  recoveries = 0;
  #consecutiveFailures = 0;
  #trial: Work | undefined;
  #since = 0;
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  call(): void {
    const allowed = this.state === "closed" || (this.state === "half-open" && this.#trial === undefined);
    if (!allowed) {
      const leftMs = this.state === "open" ? this.#since + this.#rules.resetMs - this.nowMs : 0;
      this.refused.push(Math.max(1, Math.ceil(leftMs / 1000)));
      this.counts.refused += 1;
      return;
    }
    const work = this.#start(false);
    if (this.state === "half-open") this.#try(work);
  }

  settle(id: number, outcome: Outcome): void {
    const work = this.running.get(id);
    if (work === undefined) return;
    this.running.delete(id);
    if (!work.probe) this.counts[outcome] += 1;
    if (work.late) return;
    const trial = work === this.#trial;
    if (outcome === "success") {
      this.#consecutiveFailures = 0;
      if (trial) this.#close();
    } else if (outcome === "failure" || work.probe) {
      this.#consecutiveFailures += 1;
      if (trial || this.#consecutiveFailures === this.#rules.failures) this.#open();
    } else if (trial) this.#trial = undefined;
  }

  /** Lets time pass. All timeouts must be multiples of `ms`. */
  pass(ms: number): void {
    this.nowMs += ms;
    const forMs = this.nowMs - this.#since;
    if (this.state === "open" && forMs === this.#rules.resetMs) {
      this.state = "half-open";
      if (this.#rules.probing) this.#try(this.#start(true));
    } else if (this.state === "half-open" && this.#trial && forMs === this.#rules.probeTimeoutMs) this.#open();
  }

  #start(probe: boolean): Work {
    const work = { probe, late: false };
    this.running.set(this.started, work);
    this.started += 1;
    return work;
  }

  #try(work: Work): void {
    this.#trial = work;
    this.#since = this.nowMs;
  }

  #open(): void {
    if (this.state === "closed") this.outages += 1;
    this.state = "open";
    this.#since = this.nowMs;
    this.#trial = undefined;
    for (const work of this.running.values()) work.late = true;
  }

  #close(): void {
    this.state = "closed";
    this.recoveries += 1;
    this.#trial = undefined;
  }
}

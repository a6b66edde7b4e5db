// The reference that the circuit breaker is compared with, step by step.
import type { BreakerOptions, BreakerState } from "../../../src/platform/breaker/breaker.ts";

export type Outcome = "success" | "failure" | "ignored";

interface Work {
  readonly probe: boolean;
  /** Began before the breaker last opened. */
  late: boolean;
}

type Rules = Required<Pick<BreakerOptions, "failures" | "resetMs" | "probeTimeoutMs">> & { probing: boolean };

/** The rules of the breaker once more, told as plainly as possible: who runs, who of them is the trial, what time it is. */
export class BreakerModel {
  state: BreakerState = "closed";
  nowMs = 0;
  /** What has reached the dependency, in order, and what of it has not ended. */
  begun = 0;
  readonly running = new Map<number, Work>();
  readonly counts = { success: 0, failure: 0, ignored: 0, refused: 0 };
  /** Seconds to wait, as each refused call was told. */
  readonly refused: number[] = [];
  outages = 0;
  recoveries = 0;
  #row = 0;
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
    const work = this.#begin(false);
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
      this.#row = 0;
      if (trial) this.#close();
    } else if (outcome === "failure" || work.probe) {
      this.#row += 1;
      if (trial || this.#row === this.#rules.failures) this.#open();
    } else if (trial) this.#trial = undefined;
  }

  /** The time until something can happen by itself must be a multiple of `ms`. */
  pass(ms: number): void {
    this.nowMs += ms;
    const forMs = this.nowMs - this.#since;
    if (this.state === "open" && forMs === this.#rules.resetMs) {
      this.state = "half-open";
      if (this.#rules.probing) this.#try(this.#begin(true));
    } else if (this.state === "half-open" && this.#trial && forMs === this.#rules.probeTimeoutMs) this.#open();
  }

  #begin(probe: boolean): Work {
    const work = { probe, late: false };
    this.running.set(this.begun, work);
    this.begun += 1;
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

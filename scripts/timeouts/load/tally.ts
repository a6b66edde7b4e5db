// Counts the outcomes of requests, for one endpoint or all of them.
import { Latencies } from "./latencies.ts";
import type { EndpointFigures } from "./load-figures.ts";
import type { Outcome } from "./outcome.ts";
import { PhaseProfile } from "./phase-profile.ts";
import type { PhaseTimes } from "./phases.ts";

/** The service chooses the reasons; beyond this many, they count as "other". */
const maxReasons = 20;

export class Tally {
  readonly #name: string;
  readonly #by = {
    refused: new Map<string, number>(),
    timedOut: new Map<string, number>(),
    error: new Map<string, number>(),
  };
  readonly #latencies = new Latencies();
  readonly #ran = new PhaseProfile();
  readonly #timedOut = new PhaseProfile();
  #good = 0;

  constructor(name: string) {
    this.#name = name;
  }

  record(outcome: Outcome, latencyMs: number, phases: PhaseTimes | undefined): void {
    if (outcome.result === "good") this.#good += 1;
    else count(this.#by[outcome.result], outcome.reason);
    if (outcome.result !== "good" && outcome.result !== "timedOut") return;
    this.#latencies.record(latencyMs);
    if (phases === undefined) return;
    this.#ran.record(latencyMs, phases);
    if (outcome.result === "timedOut") this.#timedOut.record(latencyMs, phases);
  }

  figures(): EndpointFigures {
    const { refused, timedOut, error } = this.#by;
    const counts = { good: this.#good, refused: sum(refused), timedOut: sum(timedOut), errors: sum(error) };
    return {
      name: this.#name,
      sent: counts.good + counts.refused + counts.timedOut + counts.errors,
      ...counts,
      refusedBy: Object.fromEntries(refused),
      timedOutBy: Object.fromEntries(timedOut),
      errorsBy: Object.fromEntries(error),
      latency: this.#latencies.summary(),
      phases: { mean: this.#ran.slowest(1), slowest: this.#ran.slowest(0.01), timedOut: this.#timedOut.slowest(1) },
    };
  }
}

function count(by: Map<string, number>, reason: string): void {
  const name = by.has(reason) || by.size < maxReasons ? reason : "other";
  by.set(name, (by.get(name) ?? 0) + 1);
}

function sum(by: Map<string, number>): number {
  return [...by.values()].reduce((total, times) => total + times, 0);
}

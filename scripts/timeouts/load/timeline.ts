// The load over time, by when requests were due: a stall shows when it happened, not when it was noticed.
import { Latencies } from "./latencies.ts";
import type { Moment } from "./load-figures.ts";
import type { Outcome } from "./outcome.ts";

/** As many as a chart can show on a phone. */
const maxPoints = 60;
const minWidthMs = 500;
const fields = { good: "good", refused: "refused", timedOut: "timedOut", error: "errors" } as const;

export class Timeline {
  readonly #widthMs: number;
  readonly #moments: { counts: Omit<Moment, "atS" | "latency">; latencies: Latencies }[] = [];

  constructor(seconds: number) {
    this.#widthMs = Math.max(minWidthMs, Math.ceil((seconds * 1000) / maxPoints));
  }

  record({ result }: Outcome, dueMs: number, latencyMs: number): void {
    const index = Math.floor(dueMs / this.#widthMs);
    while (this.#moments.length <= index) {
      const counts = { sent: 0, good: 0, refused: 0, timedOut: 0, errors: 0 };
      this.#moments.push({ counts, latencies: new Latencies(2) });
    }
    const moment = this.#moments[index];
    if (moment === undefined) return;
    moment.counts.sent += 1;
    moment.counts[fields[result]] += 1;
    if (result === "good" || result === "timedOut") moment.latencies.record(latencyMs);
  }

  moments(): Moment[] {
    return this.#moments.map(({ counts, latencies }, index) => ({
      atS: (index * this.#widthMs) / 1000,
      ...counts,
      latency: latencies.summary(),
    }));
  }
}

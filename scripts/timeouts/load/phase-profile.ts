// Where requests spent their time, on average and in the slowest, in bounded memory. Sums are kept per latency bucket (steps of
// 4 %), so the slowest requests need not be known until the end.
import { noTime, type PhaseTimes, phases } from "./phases.ts";

const stepsPerDoubling = 16;

export class PhaseProfile {
  readonly #buckets = new Map<number, { count: number; sums: PhaseTimes }>();
  #count = 0;

  record(latencyMs: number, times: PhaseTimes): void {
    const step = Math.floor(Math.log2(Math.max(0.001, latencyMs)) * stepsPerDoubling);
    const bucket = this.#buckets.get(step) ?? { count: 0, sums: noTime() };
    this.#buckets.set(step, bucket);
    bucket.count += 1;
    for (const phase of phases) bucket.sums[phase] += times[phase];
    this.#count += 1;
  }

  /** Means of the slowest `share` (0 to 1; 1 is all), of at least one request. Null without any. */
  slowest(share: number): PhaseTimes | null {
    if (this.#count === 0) return null;
    const wanted = Math.max(1, Math.ceil(this.#count * share));
    const means = noTime();
    let left = wanted;
    for (const [, { count, sums }] of [...this.#buckets].toSorted(([a], [b]) => b - a)) {
      // The last bucket counts in part: its requests are about equally slow.
      const taken = Math.min(left, count);
      for (const phase of phases) means[phase] += (sums[phase] * taken) / count / wanted;
      left -= taken;
      if (left === 0) break;
    }
    return means;
  }
}

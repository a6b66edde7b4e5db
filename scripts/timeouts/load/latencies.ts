// Latencies in an HDR histogram: percentiles within 0.1 % at any size, in fixed memory. It is the one that Node brings
// (HdrHistogram_c): the package hdr-histogram-js needs pako, whose licence is not one of those that this project takes.
import { createHistogram } from "node:perf_hooks";
import { z } from "zod";

export const latencySchema = z.object({ p50Ms: z.number(), p95Ms: z.number(), p99Ms: z.number(), maxMs: z.number() });
export type Latency = z.infer<typeof latencySchema>;

const longestMs = 3_600_000;

export class Latencies {
  readonly #microseconds;
  #maxMs = 0;

  /** `figures`: so many leading digits of each value are kept. */
  constructor(figures: 2 | 3 = 3) {
    this.#microseconds = createHistogram({ lowest: 1, highest: longestMs * 1000, figures });
  }

  record(ms: number): void {
    this.#maxMs = Math.max(this.#maxMs, ms);
    this.#microseconds.record(Math.max(1, Math.round(Math.min(ms, longestMs) * 1000)));
  }

  /** Null when nothing was recorded. */
  summary(): Latency | null {
    if (this.#microseconds.count === 0) return null;
    // The histogram answers with the end of a step, which may be beyond all that was measured.
    const percentile = (share: number) => Math.min(this.#microseconds.percentile(share) / 1000, this.#maxMs);
    return { p50Ms: percentile(50), p95Ms: percentile(95), p99Ms: percentile(99), maxMs: this.#maxMs };
  }
}

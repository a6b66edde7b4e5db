// Latencies in an HDR histogram: percentiles within 0.1 % at any size, in fixed memory. It uses Node's own (HdrHistogram_c):
// the package hdr-histogram-js needs pako, whose licence this project does not accept.
import { createHistogram } from "node:perf_hooks";
import { z } from "zod";

export const latencySchema = z.object({ p50Ms: z.number(), p95Ms: z.number(), p99Ms: z.number(), maxMs: z.number() });
export type Latency = z.infer<typeof latencySchema>;

const longestMs = 3_600_000;

export class Latencies {
  readonly #microseconds;
  #maxMs = 0;

  /** `figures`: how many significant digits of each value to keep. */
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
    // The histogram returns the upper end of a bucket, which may be above the maximum.
    const percentile = (share: number) => Math.min(this.#microseconds.percentile(share) / 1000, this.#maxMs);
    return { p50Ms: percentile(50), p95Ms: percentile(95), p99Ms: percentile(99), maxMs: this.#maxMs };
  }
}

// Watches how late the event loop runs. When timers are late, every request is: refusing the lowest class then keeps the
// others in time.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Logger } from "./log.ts";
import { Threshold } from "./threshold.ts";

interface LoopWatchOptions {
  /** Delay in milliseconds from which on the lowest class is shed; until half of it. */
  shedDelayMs: number;
  /** The 99th percentile of the delay since the last call, in milliseconds. */
  read?: () => number;
}

export class LoopWatch {
  readonly #read: () => number;
  readonly #log: Logger;
  readonly #shedding: Threshold;
  #delayMs = 0;

  constructor({ shedDelayMs, read = readDelay() }: LoopWatchOptions, log: Logger) {
    this.#read = read;
    this.#log = log;
    this.#shedding = new Threshold(shedDelayMs, shedDelayMs / 2);
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  get shedding(): boolean {
    return this.#shedding.exceeded;
  }

  sample(): void {
    this.#delayMs = this.#read();
    const changed = this.#shedding.take(this.#delayMs);
    const delayMs = Math.round(this.#delayMs);
    if (changed === "exceeded") this.#log.warn({ delayMs }, "the event loop is late");
    if (changed === "normal") this.#log.warn({ delayMs }, "the event loop is in time again");
  }
}

function readDelay(): () => number {
  const resolutionMs = 10;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let readAt = performance.now();
  return () => {
    // The monitor's own interval is part of what it measures. After a reset its first one only sets its clock: 10 ms in
    // each sample are not seen, and nothing is when the loop turned but once since; then that turn was the delay.
    const sinceMs = performance.now() - readAt;
    const p99Ms = histogram.count === 0 ? sinceMs : histogram.percentile(99) / 1e6;
    histogram.reset();
    readAt = performance.now();
    return Math.max(0, p99Ms - resolutionMs);
  };
}

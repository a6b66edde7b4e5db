// Watches the event-loop delay. When timers are late, so is every request; shedding low-priority requests keeps the others on
// time.
import type { Logger } from "../log.ts";
import { Threshold } from "./threshold.ts";

interface LoopWatchOptions {
  /** Sheds low-priority requests from this delay (milliseconds) until it falls below half of it. */
  shedDelayMs: number;
  /** The longest delay since the last call, in milliseconds. */
  read: () => number;
}

export class LoopWatch {
  readonly #read: () => number;
  readonly #log: Logger;
  readonly #shedding: Threshold;
  #delayMs = 0;

  constructor({ shedDelayMs, read }: LoopWatchOptions, log: Logger) {
    this.#read = read;
    this.#log = log;
    this.#shedding = new Threshold(shedDelayMs, shedDelayMs / 2);
  }

  /** The longest delay before the last sample, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** True while low-priority requests must be refused. */
  get shedding(): boolean {
    return this.#shedding.exceeded;
  }

  /** Takes a reading and logs a change; call it at a regular interval. */
  sample(): void {
    this.#delayMs = this.#read();
    const change = this.#shedding.update(this.#delayMs);
    const delayMs = Math.round(this.#delayMs);
    if (change === "exceeded") this.#log.warn({ delayMs }, "the event loop is late");
    if (change === "normal") this.#log.warn({ delayMs }, "the event loop is on time again");
  }
}

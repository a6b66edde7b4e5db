// Watches how late the event loop runs. When timers are late, every request is: refusing the lowest class then keeps the
// others in time.
import type { Logger } from "../log.ts";
import { Threshold } from "./threshold.ts";

interface LoopWatchOptions {
  /** Delay in milliseconds from which on the lowest class is shed; until half of it. */
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

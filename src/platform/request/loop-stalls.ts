// Measures how long the event loop has been blocked in total: while it is, every request waits. A timer that should fire every
// 10 ms is late by as long as the loop was blocked; a request that reads the clock before the timer fires finds the stall
// first. All share one timer, because at that rate each further one shows in the CPU use of an idle service.

const tickMs = 10;
/** Shorter delays are ordinary timer jitter. */
const minStallMs = 20;

export class LoopStalls {
  readonly #now: () => number;
  readonly #ticking: NodeJS.Timeout;
  #lastSeen: number;
  #delayNotedAt: number;
  #totalMs = 0;
  #longestDelayMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastSeen = now();
    this.#delayNotedAt = this.#lastSeen;
    this.#ticking = setInterval(() => this.#tick(this.#now()), tickMs).unref();
  }

  /** Total of all stalls found so far, in milliseconds. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** Returns how long the loop has been blocked since the last call, in milliseconds, or 0. `now` is the current time. */
  observe(now: number): number {
    const stalledMs = now - this.#lastSeen - tickMs;
    this.#lastSeen = now;
    if (stalledMs < minStallMs) return 0;
    this.#totalMs += stalledMs;
    return stalledMs;
  }

  /** Returns the longest delay of the timer since the last call, including a current one, in milliseconds. */
  takeLongestDelayMs(): number {
    this.#noteDelay(this.#now());
    const longestMs = this.#longestDelayMs;
    this.#longestDelayMs = 0;
    return longestMs;
  }

  stop(): void {
    clearInterval(this.#ticking);
  }

  #tick(now: number): void {
    this.#noteDelay(now);
    this.observe(now);
  }

  /** Notes each delay once: after a call of takeLongestDelayMs(), the late timer finds none. */
  #noteDelay(now: number): void {
    this.#longestDelayMs = Math.max(this.#longestDelayMs, now - this.#delayNotedAt - tickMs);
    this.#delayNotedAt = now;
  }
}

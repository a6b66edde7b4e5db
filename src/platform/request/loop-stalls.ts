// Knows for how long the event loop has stood still in all: while it does, every request waits, whatever it waits for.
// A timer that should run every 10 ms is late by as much as the loop was blocked; whoever looks at the clock before the timer
// does finds the stall first. The one timer serves all who want to know: at so many turns a second, each one more is seen in
// what an idle service costs.

const tickMs = 10;
/** Less is the ordinary unevenness of timers. */
const leastMs = 20;

export class LoopStalls {
  readonly #now: () => number;
  readonly #ticking: NodeJS.Timeout;
  #lastSeen: number;
  #notedAt: number;
  #totalMs = 0;
  #longestDelayMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastSeen = now();
    this.#notedAt = this.#lastSeen;
    this.#ticking = setInterval(() => this.#tick(this.#now()), tickMs).unref();
  }

  /** Milliseconds of all stalls that were found so far. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** Looks at the clock: gives the milliseconds of a stall that nobody has seen before, or 0. */
  observe(now: number): number {
    const stalledMs = now - this.#lastSeen - tickMs;
    this.#lastSeen = now;
    if (stalledMs < leastMs) return 0;
    this.#totalMs += stalledMs;
    return stalledMs;
  }

  /** By how many milliseconds the timer was late at most since the last call, or is late now. */
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

  /** Once for each delay: the timer that comes after it finds none. */
  #noteDelay(now: number): void {
    this.#longestDelayMs = Math.max(this.#longestDelayMs, now - this.#notedAt - tickMs);
    this.#notedAt = now;
  }
}

// Knows for how long the event loop has stood still in all: while it does, every request waits, whatever it waits for.
// A timer that should run every 10 ms is late by as much as the loop was blocked; whoever looks at the clock before the timer
// does finds the stall first.

const tickMs = 10;
/** Less is the ordinary unevenness of timers. */
const leastMs = 20;

export class LoopStalls {
  readonly #now: () => number;
  readonly #ticking: NodeJS.Timeout;
  #lastSeen: number;
  #totalMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastSeen = now();
    this.#ticking = setInterval(() => this.observe(this.#now()), tickMs).unref();
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

  stop(): void {
    clearInterval(this.#ticking);
  }
}

// Where a request's time goes. At any instant it is in one phase: the first of the list that applies, so that what happens
// side by side is counted once, and the phases sum up to the whole.
import type { LoopStalls } from "./loop-stalls.ts";

/** Which one counts when several apply: the earlier. `own` is what is left: the request's own code. */
export const phases = ["loop", "outbound", "query", "pool", "queue", "auth", "receive", "own"] as const;
export type Phase = (typeof phases)[number];
/** What a request waits for knowingly. That the loop stood still is found out, and `own` needs no word. */
export type Wait = Exclude<Phase, "loop" | "own">;

export type PhaseTimes = Readonly<Record<Phase, number>>;

export class PhaseClock {
  readonly #stalls: LoopStalls;
  readonly #now: () => number;
  readonly #waits: Record<Wait, number> = { outbound: 0, query: 0, pool: 0, queue: 0, auth: 0, receive: 0 };
  readonly #ms: Record<Phase, number> = {
    loop: 0,
    outbound: 0,
    query: 0,
    pool: 0,
    queue: 0,
    auth: 0,
    receive: 0,
    own: 0,
  };
  #current: Phase = "own";
  #since: number;
  #stalledBefore: number;
  #ended = false;

  /** Starts now, in `own`. `now` is in milliseconds. */
  constructor(stalls: LoopStalls, now: () => number = () => performance.now()) {
    this.#stalls = stalls;
    this.#now = now;
    this.#since = now();
    stalls.observe(this.#since);
    this.#stalledBefore = stalls.totalMs;
  }

  enter(wait: Wait): void {
    if (this.#ended) return;
    this.#settle();
    this.#waits[wait] += 1;
    this.#current = this.#first();
  }

  leave(wait: Wait): void {
    if (this.#ended) return;
    this.#settle();
    this.#waits[wait] -= 1;
    this.#current = this.#first();
  }

  /** Milliseconds in each phase so far. */
  times(): PhaseTimes {
    if (!this.#ended) this.#settle();
    return { ...this.#ms };
  }

  /** The same, for good: what still runs for the request after its end is not counted. */
  end(): PhaseTimes {
    const times = this.times();
    this.#ended = true;
    return times;
  }

  /** Counts the time since the last call: for the current phase, but for what the loop stood still of it. */
  #settle(): void {
    const now = this.#now();
    const found = this.#stalls.observe(now);
    let stalledMs = this.#stalls.totalMs - this.#stalledBefore;
    // Whoever finds a stall while its own code runs has made it: that is no wait.
    if (this.#current === "own") stalledMs -= found;
    const passedMs = now - this.#since;
    const loopMs = Math.min(stalledMs, passedMs);
    this.#ms.loop += loopMs;
    this.#ms[this.#current] += passedMs - loopMs;
    this.#since = now;
    this.#stalledBefore = this.#stalls.totalMs;
  }

  #first(): Phase {
    const { outbound, query, pool, queue, auth, receive } = this.#waits;
    if (outbound > 0) return "outbound";
    if (query > 0) return "query";
    if (pool > 0) return "pool";
    if (queue > 0) return "queue";
    if (auth > 0) return "auth";
    return receive > 0 ? "receive" : "own";
  }
}

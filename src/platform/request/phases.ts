// Splits a request's time into phases. At any moment it is in exactly one, the first in the list that applies. So concurrent
// waits count once, and the phases add up to the total.
import type { LoopStalls } from "./loop-stalls.ts";

/** In order of precedence. `own` is the rest: the request's own code. */
export const phases = ["loop", "outbound", "query", "pool", "queue", "auth", "receive", "own"] as const;
export type Phase = (typeof phases)[number];
/** The phases that code enters and leaves. `loop` is measured, and `own` is the rest. */
export type Wait = Exclude<Phase, "loop" | "own">;

/** Milliseconds per phase. */
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

  /** Starts now, in the phase `own`. `now` returns milliseconds. */
  constructor(stalls: LoopStalls, now: () => number = () => performance.now()) {
    this.#stalls = stalls;
    this.#now = now;
    this.#since = now();
    stalls.observe(this.#since);
    this.#stalledBefore = stalls.totalMs;
  }

  /** Begins a wait. Waits of the same kind may overlap; each needs its own {@link leave}. */
  enter(wait: Wait): void {
    if (this.#ended) return;
    this.#settle();
    this.#waits[wait] += 1;
    this.#current = this.#activePhase();
  }

  leave(wait: Wait): void {
    if (this.#ended) return;
    this.#settle();
    this.#waits[wait] -= 1;
    this.#current = this.#activePhase();
  }

  /** Milliseconds in each phase so far. */
  times(): PhaseTimes {
    if (!this.#ended) this.#settle();
    return { ...this.#ms };
  }

  /** Like {@link times}, and stops the clock: work that continues after the request does not count. */
  end(): PhaseTimes {
    const times = this.times();
    this.#ended = true;
    return times;
  }

  /** Adds the time since the last call to the current phase, except for stalls, which go to `loop`. */
  #settle(): void {
    const now = this.#now();
    const foundMs = this.#stalls.observe(now);
    let stalledMs = this.#stalls.totalMs - this.#stalledBefore;
    // A stall found in this request's own code counts as its own time.
    if (this.#current === "own") stalledMs -= foundMs;
    const passedMs = now - this.#since;
    const loopMs = Math.min(stalledMs, passedMs);
    this.#ms.loop += loopMs;
    this.#ms[this.#current] += passedMs - loopMs;
    this.#since = now;
    this.#stalledBefore = this.#stalls.totalMs;
  }

  #activePhase(): Phase {
    const { outbound, query, pool, queue, auth, receive } = this.#waits;
    if (outbound > 0) return "outbound";
    if (query > 0) return "query";
    if (pool > 0) return "pool";
    if (queue > 0) return "queue";
    if (auth > 0) return "auth";
    return receive > 0 ? "receive" : "own";
  }
}

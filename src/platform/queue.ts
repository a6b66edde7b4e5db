// Admits a few at a time; the others wait briefly for their turn or are refused. A limit alone does not help under overload:
// what helps is that nobody waits longer than it is worth. While calm, first come, first served. Once the first in line has
// waited long, the newest goes first: the clients of the old ones are giving up (adaptive LIFO, as in Facebook's
// "Fail at Scale", ACM Queue 2015).
import { type Priority, priorities } from "./http.ts";
import { Problem } from "./problem.ts";
import type { StopSignal } from "./stop-signal.ts";

export interface QueueOptions {
  /** Most that run at a time. */
  limit: number;
  /** Most that wait. */
  waiting: number;
  /** Longest wait. */
  waitMs: number;
  /** The newest goes first once the oldest of a class has waited so long. */
  newestFirstAfterMs: number;
  /** True while the lowest class is to be refused. */
  shedding?: () => boolean;
  now?: () => number;
}

/** A turn. Must be given back, once; more often does no harm. */
export interface Place {
  leave(): void;
}

interface Waiter {
  readonly since: number;
  readonly priority: Priority;
  admit(): void;
  refuse(reason: unknown): void;
}

/** Of so many turns that come free while a class waits, it gets one at least, whatever the higher ones do. */
const oneTurnIn = 16;
/** Of the waiting room, so much is a class's own: a higher one cannot push it out of that. */
const ownShare = 1 / 20;

export class AdmissionQueue {
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #waiters: Record<Priority, Waiter[]> = { high: [], normal: [], low: [] };
  readonly #running: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  /** Turns in a row that went to a higher class while this one waited. */
  readonly #passedOver: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  #runningTotal = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many of each class run and wait. */
  state(): { limit: number; running: Record<Priority, number>; queued: Record<Priority, number> } {
    const { high, normal, low } = this.#waiters;
    const queued = { high: high.length, normal: normal.length, low: low.length };
    return { limit: this.#options.limit, running: { ...this.#running }, queued };
  }

  /** How many run, or wait, in all classes together. */
  total(what: "running" | "queued"): number {
    return what === "running" ? this.#runningTotal : this.#waitingTotal();
  }

  /**
   * Resolves when it is this one's turn. Rejects with a Problem: queue_full, queue_timeout, shed; or with the reason of
   * `signal`, whose waiting place is free again at once.
   */
  async enter(priority: Priority, signal: StopSignal): Promise<Place> {
    const place = this.enterAtOnce(priority, signal);
    if (place !== undefined) return place;
    if (this.#waitingTotal() >= this.#options.waiting && !this.#makeRoom(priority)) throw new Problem("queue_full");
    await this.#wait(priority, signal);
    return this.#place(priority);
  }

  /** A place that is free now, without a wait for the next turn of anything; undefined when there is none. Throws as {@link enter} rejects. */
  enterAtOnce(priority: Priority, signal: StopSignal): Place | undefined {
    signal.throwIfAborted();
    if (priority === "low" && this.#options.shedding?.()) throw new Problem("shed");
    return this.#runningTotal < this.#options.limit ? this.#admit(priority) : undefined;
  }

  #wait(priority: Priority, signal: StopSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        then();
      };
      const waiter: Waiter = {
        since: this.#now(),
        priority,
        admit: () => settle(resolve),
        refuse: (reason) => settle(() => reject(reason)),
      };
      const giveUp = (reason: unknown) => {
        const line = this.#waiters[priority];
        line.splice(line.indexOf(waiter), 1);
        waiter.refuse(reason);
      };
      const abort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(new Problem("queue_timeout")), this.#options.waitMs);
      signal.addEventListener("abort", abort);
      this.#waiters[priority].push(waiter);
    });
  }

  #admit(priority: Priority): Place {
    this.#count(priority, 1);
    return this.#place(priority);
  }

  #place(priority: Priority): Place {
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        this.#count(priority, -1);
        const next = this.#takeNext();
        if (next === undefined) return;
        // Counted now, not when the waiter gets to run: nobody else may take the turn meanwhile.
        this.#count(next.priority, 1);
        next.admit();
      },
    };
  }

  #takeNext(): Waiter | undefined {
    if (this.#waitingTotal() === 0) return undefined;
    this.#refuseOverdue();
    const classes = priorities.filter((priority) => this.#waiters[priority].length > 0);
    const chosen = classes.find((priority) => this.#passedOver[priority] >= oneTurnIn - 1) ?? classes[0];
    if (chosen === undefined) return undefined;
    for (const lower of classes.slice(classes.indexOf(chosen) + 1)) this.#passedOver[lower] += 1;
    this.#passedOver[chosen] = 0;
    const line = this.#waiters[chosen];
    const oldest = line[0];
    const overloaded = oldest !== undefined && this.#now() - oldest.since > this.#options.newestFirstAfterMs;
    return overloaded ? line.pop() : line.shift();
  }

  /** After a stall of the event loop a turn can come free before the timers of those whose wait is over have run. */
  #refuseOverdue(): void {
    const latest = this.#now() - this.#options.waitMs;
    for (const line of Object.values(this.#waiters)) {
      while (line[0] !== undefined && line[0].since <= latest) line.shift()?.refuse(new Problem("queue_timeout"));
    }
  }

  /**
   * Makes room for `priority` at the cost of the lowest class that waits with more than its own share, or, for a class
   * that has less than its own share, of any such class. Of that class it is the one that has waited longest.
   */
  #makeRoom(priority: Priority): boolean {
    const own = Math.floor(this.#options.waiting * ownShare);
    const entitled = this.#waiters[priority].length < own;
    for (const other of priorities.toReversed()) {
      const lower = priorities.indexOf(other) > priorities.indexOf(priority);
      if (other === priority || !(lower || entitled) || this.#waiters[other].length <= own) continue;
      this.#waiters[other].shift()?.refuse(new Problem("queue_full"));
      return true;
    }
    return false;
  }

  #count(priority: Priority, change: 1 | -1): void {
    this.#running[priority] += change;
    this.#runningTotal += change;
  }

  #waitingTotal(): number {
    return this.#waiters.high.length + this.#waiters.normal.length + this.#waiters.low.length;
  }
}

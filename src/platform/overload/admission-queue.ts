// Admits a few at a time; the others wait briefly for their turn or are refused. A limit alone does not help under overload:
// what helps is that nobody waits longer than it is worth. While calm, first come, first served. Once the first in line has
// waited long, the newest goes first: the clients of the old ones are giving up (adaptive LIFO, as in Facebook's
// "Fail at Scale", ACM Queue 2015).
import type { Priority } from "../http/types.ts";
import type { StopSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { OutboundShare } from "./outbound-share.ts";
import { type Waiter, WaitingLines } from "./waiting-lines.ts";

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

export class AdmissionQueue {
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #lines: WaitingLines;
  readonly #running: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  readonly #outbound: OutboundShare;
  #runningTotal = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#lines = new WaitingLines({ ...options, now: this.#now });
    this.#outbound = new OutboundShare(options.limit);
  }

  /** How many of each class run and wait. */
  state(): { limit: number; running: Record<Priority, number>; queued: Record<Priority, number> } {
    return { limit: this.#options.limit, running: { ...this.#running }, queued: this.#lines.counts };
  }

  /** How many run, or wait, in all classes together. */
  total(what: "running" | "queued"): number {
    return what === "running" ? this.#runningTotal : this.#lines.total;
  }

  /** Throws what {@link enter} would reject with at once if it were called now: queue_full or shed. */
  throwIfRefusing(priority: Priority, outboundOf?: string): void {
    this.#throwIfShedding(priority);
    if (!this.#hasSlot(outboundOf) && !this.#lines.hasRoom(priority)) throw new Problem("queue_full");
  }

  /**
   * Resolves when it is this one's turn. Rejects with a Problem: queue_full, queue_timeout, shed; or with the reason of
   * `signal`, whose waiting place is free again at once. `outboundOf` is the caller of a request with outbound calls: see
   * {@link OutboundShare}.
   */
  async enter(priority: Priority, signal: StopSignal, outboundOf?: string): Promise<Place> {
    const place = this.enterAtOnce(priority, signal, outboundOf);
    if (place !== undefined) return place;
    if (!this.#lines.makeRoom(priority)) throw new Problem("queue_full");
    await this.#wait(priority, signal, outboundOf);
    return this.#place(priority, outboundOf);
  }

  /** A place that is free now, without a wait for the next turn of anything; undefined when there is none. Throws as {@link enter} rejects. */
  enterAtOnce(priority: Priority, signal: StopSignal, outboundOf?: string): Place | undefined {
    signal.throwIfAborted();
    this.#throwIfShedding(priority);
    if (!this.#hasSlot(outboundOf)) return undefined;
    this.#count(priority, outboundOf, 1);
    return this.#place(priority, outboundOf);
  }

  #wait(priority: Priority, signal: StopSignal, outboundOf: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        then();
      };
      const waiter: Waiter = {
        since: this.#now(),
        priority,
        outboundOf,
        admit: () => settle(resolve),
        refuse: (reason) => settle(() => reject(reason)),
      };
      const giveUp = (reason: unknown) => {
        this.#lines.remove(waiter);
        waiter.refuse(reason);
      };
      const abort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(new Problem("queue_timeout")), this.#options.waitMs);
      signal.addEventListener("abort", abort);
      this.#lines.add(waiter);
    });
  }

  #place(priority: Priority, outboundOf: string | undefined): Place {
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        this.#count(priority, outboundOf, -1);
        const next = this.#lines.takeNext(this.#outbound);
        if (next === undefined) return;
        // Counted now, not when the waiter gets to run: nobody else may take the turn meanwhile.
        this.#count(next.priority, next.outboundOf, 1);
        next.admit();
      },
    };
  }

  #throwIfShedding(priority: Priority): void {
    if (priority === "low" && this.#options.shedding?.()) throw new Problem("shed");
  }

  #hasSlot(outboundOf: string | undefined): boolean {
    return this.#runningTotal < this.#options.limit && this.#outbound.isFree(outboundOf);
  }

  #count(priority: Priority, outboundOf: string | undefined, change: 1 | -1): void {
    this.#running[priority] += change;
    this.#runningTotal += change;
    if (change === 1) this.#outbound.take(outboundOf);
    else this.#outbound.giveBack(outboundOf);
  }
}

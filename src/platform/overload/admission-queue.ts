// Admits a bounded number of requests at a time; the rest wait briefly or are refused. A concurrency limit alone does not help
// under overload: waits must be short too. While calm, waiting requests are admitted first in, first out. Once the oldest has
// waited long, the newest goes first, because the clients of the old ones are giving up (adaptive LIFO, as in Facebook's
// "Fail at Scale", ACM Queue 2015).
import type { Priority } from "../http/types.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { OutboundShare } from "./outbound-share.ts";
import { type Waiter, WaitQueue } from "./wait-queue.ts";

export interface QueueOptions {
  /** Maximum number of requests that run at a time: the number of slots. */
  limit: number;
  /** Maximum number of requests that wait for a slot. */
  maxWaiting: number;
  /** Longest wait, in milliseconds. */
  waitMs: number;
  /** Admits the newest request of a class first once the oldest has waited longer than this. */
  newestFirstAfterMs: number;
  /** True while low-priority requests must be refused. Default: never. */
  shedding?: () => boolean;
  now?: () => number;
}

/** A slot that a request holds while it runs. Calling `release()` twice is harmless. */
export interface Slot {
  release(): void;
}

export class AdmissionQueue {
  readonly #options: QueueOptions;
  readonly #now: () => number;
  readonly #waiting: WaitQueue;
  readonly #running: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  readonly #outbound: OutboundShare;
  #runningTotal = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#waiting = new WaitQueue({ ...options, now: this.#now });
    this.#outbound = new OutboundShare(options.limit);
  }

  /** The limit, and how many requests of each class run and wait. */
  state(): { limit: number; running: Record<Priority, number>; queued: Record<Priority, number> } {
    return { limit: this.#options.limit, running: { ...this.#running }, queued: this.#waiting.counts };
  }

  /** How many requests run or wait, all classes together. */
  total(what: "running" | "queued"): number {
    return what === "running" ? this.#runningTotal : this.#waiting.total;
  }

  /** Throws the Problem that {@link acquire} would reject with right away: queue_full or shed. */
  throwIfRefusing(priority: Priority, outboundCaller?: string): void {
    this.#throwIfShedding(priority);
    if (!this.#hasSlot(outboundCaller) && !this.#waiting.hasRoom(priority)) throw new Problem("queue_full");
  }

  /**
   * Waits for a slot. Rejects with a Problem (queue_full, queue_timeout or shed), or with the reason of `signal`, which also
   * leaves the wait queue at once. `outboundCaller` is the caller of a request that makes outbound calls: see
   * {@link OutboundShare}.
   */
  async acquire(priority: Priority, signal: CancelSignal, outboundCaller?: string): Promise<Slot> {
    const slot = this.tryAcquire(priority, signal, outboundCaller);
    if (slot !== undefined) return slot;
    if (!this.#waiting.makeRoom(priority)) throw new Problem("queue_full");
    await this.#wait(priority, signal, outboundCaller);
    return this.#slot(priority, outboundCaller);
  }

  /** Takes a free slot synchronously; undefined when there is none. Throws what {@link acquire} rejects with. */
  tryAcquire(priority: Priority, signal: CancelSignal, outboundCaller?: string): Slot | undefined {
    signal.throwIfAborted();
    this.#throwIfShedding(priority);
    if (!this.#hasSlot(outboundCaller)) return undefined;
    this.#count(priority, outboundCaller, 1);
    return this.#slot(priority, outboundCaller);
  }

  #wait(priority: Priority, signal: CancelSignal, outboundCaller: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        then();
      };
      const waiter: Waiter = {
        since: this.#now(),
        priority,
        outboundCaller,
        admit: () => settle(resolve),
        refuse: (reason) => settle(() => reject(reason)),
      };
      const giveUp = (reason: unknown) => {
        this.#waiting.remove(waiter);
        waiter.refuse(reason);
      };
      const abort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(new Problem("queue_timeout")), this.#options.waitMs);
      signal.addEventListener("abort", abort);
      this.#waiting.add(waiter);
    });
  }

  #slot(priority: Priority, outboundCaller: string | undefined): Slot {
    let released = false;
    return {
      release: () => {
        if (released) return;
        released = true;
        this.#count(priority, outboundCaller, -1);
        const next = this.#waiting.takeNext(this.#outbound);
        if (next === undefined) return;
        // Counted now, not when the waiter resumes: no other request may take the slot in between.
        this.#count(next.priority, next.outboundCaller, 1);
        next.admit();
      },
    };
  }

  #throwIfShedding(priority: Priority): void {
    if (priority === "low" && this.#options.shedding?.()) throw new Problem("shed");
  }

  #hasSlot(outboundCaller: string | undefined): boolean {
    return this.#runningTotal < this.#options.limit && this.#outbound.hasRoom(outboundCaller);
  }

  #count(priority: Priority, outboundCaller: string | undefined, change: 1 | -1): void {
    this.#running[priority] += change;
    this.#runningTotal += change;
    if (change === 1) this.#outbound.acquire(outboundCaller);
    else this.#outbound.release(outboundCaller);
  }
}

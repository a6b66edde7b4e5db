// The requests that wait for a slot, in one queue per priority class, and the rules for which one is admitted or dropped next.
import { type Priority, priorities } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { OutboundShare } from "./outbound-share.ts";

/** A request that waits for a slot. */
export interface Waiter {
  /** When it began to wait, in milliseconds on the queue's clock. */
  readonly since: number;
  readonly priority: Priority;
  /** The caller, when the request makes outbound calls; otherwise undefined. */
  readonly outboundCaller: string | undefined;
  admit(): void;
  refuse(reason: unknown): void;
}

interface Rules {
  /** Maximum number of waiting requests. */
  maxWaiting: number;
  /** Longest wait, in milliseconds. */
  waitMs: number;
  /** Admits the newest request of a class first once the oldest has waited longer than this. */
  newestFirstAfterMs: number;
  now: () => number;
}

/** A waiting class gets at least one in this many slots, so that higher classes cannot starve it. */
const guaranteedOneIn = 16;
/** The share of the wait queue reserved for each class: higher classes cannot evict below it. */
const reservedShare = 1 / 20;

export class WaitQueue {
  readonly #rules: Rules;
  readonly #byPriority: Record<Priority, Waiter[]> = { high: [], normal: [], low: [] };
  /** How many slots in a row went to a higher class while this one waited. */
  readonly #passedOver: Record<Priority, number> = { high: 0, normal: 0, low: 0 };

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get counts(): Record<Priority, number> {
    const { high, normal, low } = this.#byPriority;
    return { high: high.length, normal: normal.length, low: low.length };
  }

  get total(): number {
    return this.#byPriority.high.length + this.#byPriority.normal.length + this.#byPriority.low.length;
  }

  add(waiter: Waiter): void {
    this.#byPriority[waiter.priority].push(waiter);
  }

  remove(waiter: Waiter): void {
    const queue = this.#byPriority[waiter.priority];
    queue.splice(queue.indexOf(waiter), 1);
  }

  /** Removes and returns the next request to admit. Skips those whose share of slots for outbound calls is used up. */
  takeNext(outbound: Pick<OutboundShare, "hasRoom">): Waiter | undefined {
    if (this.total === 0) return undefined;
    this.#refuseOverdue();
    const mayRun = ({ outboundCaller }: Waiter) => outbound.hasRoom(outboundCaller);
    const classes = priorities.filter((priority) => this.#byPriority[priority].some(mayRun));
    const chosen = classes.find((priority) => this.#passedOver[priority] >= guaranteedOneIn - 1) ?? classes[0];
    if (chosen === undefined) return undefined;
    for (const lower of classes.slice(classes.indexOf(chosen) + 1)) this.#passedOver[lower] += 1;
    this.#passedOver[chosen] = 0;
    const queue = this.#byPriority[chosen];
    const oldest = queue.find(mayRun);
    const overloaded = oldest !== undefined && this.#rules.now() - oldest.since > this.#rules.newestFirstAfterMs;
    const next = overloaded ? queue.findLast(mayRun) : oldest;
    if (next !== undefined) this.remove(next);
    return next;
  }

  /** Whether one more request of this class may wait, evicting another if necessary. */
  hasRoom(priority: Priority): boolean {
    return this.total < this.#rules.maxWaiting || this.#victimClass(priority) !== undefined;
  }

  /** Makes room for one more request of this class, evicting another if necessary. Returns false when it cannot. */
  makeRoom(priority: Priority): boolean {
    if (this.total < this.#rules.maxWaiting) return true;
    const victim = this.#victimClass(priority);
    if (victim === undefined) return false;
    this.#byPriority[victim].shift()?.refuse(new Problem("queue_full"));
    return true;
  }

  /**
   * The class whose oldest request is evicted to make room for `priority`: the lowest class that holds more than its reserved
   * share. A class below its own reserved share may evict from any such class, others only from lower ones.
   */
  #victimClass(priority: Priority): Priority | undefined {
    const reserved = Math.floor(this.#rules.maxWaiting * reservedShare);
    const entitled = this.#byPriority[priority].length < reserved;
    return priorities.findLast((other) => {
      const lower = priorities.indexOf(other) > priorities.indexOf(priority);
      return other !== priority && (lower || entitled) && this.#byPriority[other].length > reserved;
    });
  }

  /** After an event-loop stall, a slot can become free before the timers of overdue waiters have fired. */
  #refuseOverdue(): void {
    const latest = this.#rules.now() - this.#rules.waitMs;
    for (const queue of Object.values(this.#byPriority)) {
      while (queue[0] !== undefined && queue[0].since <= latest) queue.shift()?.refuse(new Problem("queue_timeout"));
    }
  }
}

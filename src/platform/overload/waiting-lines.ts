// The requests that wait for a slot: a line for each class, and the rules for who is admitted next and who is dropped.
import { type Priority, priorities } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { OutboundShare } from "./outbound-share.ts";

export interface Waiter {
  readonly since: number;
  readonly priority: Priority;
  /** The caller of a request with outbound calls; undefined of any other. */
  readonly outboundOf: string | undefined;
  admit(): void;
  refuse(reason: unknown): void;
}

interface Rules {
  /** Most that wait. */
  waiting: number;
  /** Longest wait, in milliseconds. */
  waitMs: number;
  /** The newest goes first once the oldest of a class has waited so long. */
  newestFirstAfterMs: number;
  now: () => number;
}

/** A class that waits gets at least one of this many free slots, whatever the higher classes do. */
const oneSlotIn = 16;
/** The share of the waiting room that is reserved for each class: a higher one cannot push it out of that. */
const ownShare = 1 / 20;

export class WaitingLines {
  readonly #rules: Rules;
  readonly #lines: Record<Priority, Waiter[]> = { high: [], normal: [], low: [] };
  /** Slots in a row that went to a higher class while this one waited. */
  readonly #passedOver: Record<Priority, number> = { high: 0, normal: 0, low: 0 };

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  get counts(): Record<Priority, number> {
    const { high, normal, low } = this.#lines;
    return { high: high.length, normal: normal.length, low: low.length };
  }

  get total(): number {
    return this.#lines.high.length + this.#lines.normal.length + this.#lines.low.length;
  }

  add(waiter: Waiter): void {
    this.#lines[waiter.priority].push(waiter);
  }

  remove(waiter: Waiter): void {
    const line = this.#lines[waiter.priority];
    line.splice(line.indexOf(waiter), 1);
  }

  /** Removes and returns the next to be admitted. Skips those whose share of slots for outbound calls is used up. */
  takeNext(outbound: Pick<OutboundShare, "isFree">): Waiter | undefined {
    if (this.total === 0) return undefined;
    this.#refuseOverdue();
    const mayGo = ({ outboundOf }: Waiter) => outbound.isFree(outboundOf);
    const classes = priorities.filter((priority) => this.#lines[priority].some(mayGo));
    const chosen = classes.find((priority) => this.#passedOver[priority] >= oneSlotIn - 1) ?? classes[0];
    if (chosen === undefined) return undefined;
    for (const lower of classes.slice(classes.indexOf(chosen) + 1)) this.#passedOver[lower] += 1;
    this.#passedOver[chosen] = 0;
    const line = this.#lines[chosen];
    const oldest = line.find(mayGo);
    const overloaded = oldest !== undefined && this.#rules.now() - oldest.since > this.#rules.newestFirstAfterMs;
    const next = overloaded ? line.findLast(mayGo) : oldest;
    if (next !== undefined) this.remove(next);
    return next;
  }

  /** Whether one more of this class may wait, at the cost of another if need be. */
  hasRoom(priority: Priority): boolean {
    return this.total < this.#rules.waiting || this.#payerFor(priority) !== undefined;
  }

  /** Makes room for one more of this class; false when there is none to be made. */
  makeRoom(priority: Priority): boolean {
    if (this.total < this.#rules.waiting) return true;
    const payer = this.#payerFor(priority);
    if (payer === undefined) return false;
    this.#lines[payer].shift()?.refuse(new Problem("queue_full"));
    return true;
  }

  /**
   * The class that loses its oldest to make room for `priority`: the lowest that waits with more than its own share, or, for a
   * class that has less than its own share, any such class.
   */
  #payerFor(priority: Priority): Priority | undefined {
    const own = Math.floor(this.#rules.waiting * ownShare);
    const entitled = this.#lines[priority].length < own;
    return priorities.findLast((other) => {
      const lower = priorities.indexOf(other) > priorities.indexOf(priority);
      return other !== priority && (lower || entitled) && this.#lines[other].length > own;
    });
  }

  /** After a stall of the event loop a slot can come free before the timers of those whose wait is over have run. */
  #refuseOverdue(): void {
    const latest = this.#rules.now() - this.#rules.waitMs;
    for (const line of Object.values(this.#lines)) {
      while (line[0] !== undefined && line[0].since <= latest) line.shift()?.refuse(new Problem("queue_timeout"));
    }
  }
}

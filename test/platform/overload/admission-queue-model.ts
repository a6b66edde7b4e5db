// The reference that the admission queue is compared with, step by step.
import { type Priority, priorities } from "../../../src/platform/http/types.ts";
import type { QueueOptions } from "../../../src/platform/overload/admission-queue.ts";

const none = { high: 0, normal: 0, low: 0 };

type Rules = Pick<QueueOptions, "limit" | "waiting" | "waitMs" | "newestFirstAfterMs">;

/** The rules of the queue once more, told as slowly and plainly as possible: one list, searched anew at each step. */
export class QueueModel {
  nowMs = 0;
  waiting: { name: string; priority: Priority; outboundOf: string | undefined; since: number }[] = [];
  readonly running = new Map<string, { priority: Priority; outboundOf: string | undefined }>();
  readonly admitted: string[] = [];
  readonly refused = new Map<string, string>();
  readonly #options: Rules;
  readonly #passedOver = { ...none };

  constructor(options: Rules) {
    this.#options = options;
  }

  state() {
    const count = (all: readonly Priority[]) => {
      const counts = { ...none };
      for (const priority of all) counts[priority] += 1;
      return counts;
    };
    const queued = count(this.waiting.map(({ priority }) => priority));
    return {
      limit: this.#options.limit,
      running: count([...this.running.values()].map(({ priority }) => priority)),
      queued,
    };
  }

  enter(name: string, priority: Priority, shedding: boolean, outboundOf?: string): void {
    if (priority === "low" && shedding) this.refused.set(name, "shed");
    else if (this.running.size < this.#options.limit && this.#mayCallOut(outboundOf))
      this.#admit(name, priority, outboundOf);
    else if (this.waiting.length < this.#options.waiting) this.#queue(name, priority, outboundOf);
    else {
      const victim = this.#victimOf(priority);
      this.#refuse(victim ?? name, "queue_full");
      if (victim !== undefined) this.#queue(name, priority, outboundOf);
    }
  }

  abort(name: string, reason: string): void {
    if (this.waiting.some((waiter) => waiter.name === name)) this.#refuse(name, reason);
  }

  leave(name: string): void {
    this.running.delete(name);
    for (const { name, since } of [...this.waiting]) {
      if (this.nowMs - since >= this.#options.waitMs) this.#refuse(name, "queue_timeout");
    }
    const classes = priorities.filter((priority) => this.#next(priority).length > 0);
    const owed = classes.filter((priority) => this.#passedOver[priority] >= 15);
    const chosen = owed[0] ?? classes[0];
    if (chosen === undefined) return;
    for (const priority of classes) if (isBelow(priority, chosen)) this.#passedOver[priority] += 1;
    this.#passedOver[chosen] = 0;
    const [oldest] = this.#next(chosen);
    const late = oldest !== undefined && this.nowMs - oldest.since > this.#options.newestFirstAfterMs;
    const next = late ? this.#next(chosen).at(-1) : oldest;
    if (next === undefined) return;
    this.waiting = this.waiting.filter((waiter) => waiter !== next);
    this.#admit(next.name, chosen, next.outboundOf);
  }

  /** The oldest of the lowest class that has more than its twentieth, if it is lower or `priority` has not its own. */
  #victimOf(priority: Priority): string | undefined {
    const own = Math.floor(this.#options.waiting / 20);
    const poor = this.#of(priority).length < own;
    const payers = priorities.filter(
      (other) => other !== priority && this.#of(other).length > own && (poor || isBelow(other, priority)),
    );
    const payer = payers.at(-1);
    return payer === undefined ? undefined : this.#of(payer)[0]?.name;
  }

  #of(priority: Priority) {
    return this.waiting.filter((waiter) => waiter.priority === priority);
  }

  /** Those of a class who may go next: with half of the slots at calls, or a quarter at those of one caller, nobody more who is to call out. */
  #next(priority: Priority) {
    return this.#of(priority).filter(({ outboundOf }) => this.#mayCallOut(outboundOf));
  }

  #mayCallOut(caller: string | undefined): boolean {
    const calling = [...this.running.values()].filter(({ outboundOf }) => outboundOf !== undefined);
    const half = Math.max(1, Math.floor(this.#options.limit / 2));
    const own = calling.filter(({ outboundOf }) => outboundOf === caller).length;
    return caller === undefined || (calling.length < half && own < Math.ceil(half / 2));
  }

  #queue(name: string, priority: Priority, outboundOf: string | undefined): void {
    this.waiting.push({ name, priority, outboundOf, since: this.nowMs });
  }

  #admit(name: string, priority: Priority, outboundOf: string | undefined): void {
    this.running.set(name, { priority, outboundOf });
    this.admitted.push(name);
  }

  #refuse(name: string, reason: string): void {
    this.waiting = this.waiting.filter((waiter) => waiter.name !== name);
    this.refused.set(name, reason);
  }
}

const isBelow = (one: Priority, other: Priority) => priorities.indexOf(one) > priorities.indexOf(other);

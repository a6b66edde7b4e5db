// A reference model of the admission queue; the test compares the two step by step.
import { type Priority, priorities } from "../../../src/platform/http/types.ts";
import type { QueueOptions } from "../../../src/platform/overload/admission-queue.ts";

const none = { high: 0, normal: 0, low: 0 };

type Rules = Pick<QueueOptions, "limit" | "maxWaiting" | "waitMs" | "newestFirstAfterMs">;

/** The rules of the queue again, as plain and slow as possible: one list, searched from scratch at each step. */
export class QueueModel {
  nowMs = 0;
  waiting: { name: string; priority: Priority; outboundCaller: string | undefined; since: number }[] = [];
  readonly running = new Map<string, { priority: Priority; outboundCaller: string | undefined }>();
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

  acquire(name: string, priority: Priority, shedding: boolean, outboundCaller?: string): void {
    if (priority === "low" && shedding) this.refused.set(name, "shed");
    else if (this.running.size < this.#options.limit && this.#mayRun(outboundCaller))
      this.#admit(name, priority, outboundCaller);
    else if (this.waiting.length < this.#options.maxWaiting) this.#queue(name, priority, outboundCaller);
    else {
      const victim = this.#victimOf(priority);
      this.#refuse(victim ?? name, "queue_full");
      if (victim !== undefined) this.#queue(name, priority, outboundCaller);
    }
  }

  abort(name: string, reason: string): void {
    if (this.waiting.some((waiter) => waiter.name === name)) this.#refuse(name, reason);
  }

  release(name: string): void {
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
    this.#admit(next.name, chosen, next.outboundCaller);
  }

  /** The oldest of the lowest class above its reserved twentieth, if it is lower or `priority` is below its own. */
  #victimOf(priority: Priority): string | undefined {
    const reserved = Math.floor(this.#options.maxWaiting / 20);
    const entitled = this.#of(priority).length < reserved;
    const victims = priorities.filter(
      (other) => other !== priority && this.#of(other).length > reserved && (entitled || isBelow(other, priority)),
    );
    const victim = victims.at(-1);
    return victim === undefined ? undefined : this.#of(victim)[0]?.name;
  }

  #of(priority: Priority) {
    return this.waiting.filter((waiter) => waiter.priority === priority);
  }

  /** The waiters of a class that may run: outbound requests hold at most half of the slots, those of one caller a quarter. */
  #next(priority: Priority) {
    return this.#of(priority).filter(({ outboundCaller }) => this.#mayRun(outboundCaller));
  }

  #mayRun(caller: string | undefined): boolean {
    const calling = [...this.running.values()].filter(({ outboundCaller }) => outboundCaller !== undefined);
    const half = Math.max(1, Math.floor(this.#options.limit / 2));
    const ofCaller = calling.filter(({ outboundCaller }) => outboundCaller === caller).length;
    return caller === undefined || (calling.length < half && ofCaller < Math.ceil(half / 2));
  }

  #queue(name: string, priority: Priority, outboundCaller: string | undefined): void {
    this.waiting.push({ name, priority, outboundCaller, since: this.nowMs });
  }

  #admit(name: string, priority: Priority, outboundCaller: string | undefined): void {
    this.running.set(name, { priority, outboundCaller });
    this.admitted.push(name);
  }

  #refuse(name: string, reason: string): void {
    this.waiting = this.waiting.filter((waiter) => waiter.name !== name);
    this.refused.set(name, reason);
  }
}

const isBelow = (one: Priority, other: Priority) => priorities.indexOf(one) > priorities.indexOf(other);

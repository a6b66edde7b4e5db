// Bounds the slots held by requests that call services of their callers' choice: half of all slots, and half of those for one
// caller. So one slow service stops neither the requests that call nobody nor the calls of other callers.

export class OutboundShare {
  readonly #limit: number;
  readonly #limitOfOne: number;
  readonly #byCaller = new Map<string, number>();
  #running = 0;

  /** Of `slots` in all. */
  constructor(slots: number) {
    this.#limit = Math.max(1, Math.floor(slots / 2));
    this.#limitOfOne = Math.ceil(this.#limit / 2);
  }

  /** Whether one more request of this caller may hold a slot; always true for one that calls nobody (undefined). */
  isFree(caller: string | undefined): boolean {
    if (caller === undefined) return true;
    return this.#running < this.#limit && (this.#byCaller.get(caller) ?? 0) < this.#limitOfOne;
  }

  take(caller: string | undefined): void {
    if (caller !== undefined) this.#count(caller, 1);
  }

  giveBack(caller: string | undefined): void {
    if (caller !== undefined) this.#count(caller, -1);
  }

  #count(caller: string, change: 1 | -1): void {
    this.#running += change;
    const own = (this.#byCaller.get(caller) ?? 0) + change;
    if (own > 0) this.#byCaller.set(caller, own);
    else this.#byCaller.delete(caller);
  }
}

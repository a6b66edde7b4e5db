// Bounds the slots held by requests that call services chosen by their callers: half of all slots, and half of those for any
// one caller. A slow service then blocks neither the requests that call nobody nor the calls of other callers.

export class OutboundShare {
  readonly #limit: number;
  readonly #perCallerLimit: number;
  readonly #byCaller = new Map<string, number>();
  #running = 0;

  /** `slots` is the total number of slots. */
  constructor(slots: number) {
    this.#limit = Math.max(1, Math.floor(slots / 2));
    this.#perCallerLimit = Math.ceil(this.#limit / 2);
  }

  /** Whether one more request of this caller may hold a slot. Always true without outbound calls (undefined). */
  hasRoom(caller: string | undefined): boolean {
    if (caller === undefined) return true;
    return this.#running < this.#limit && (this.#byCaller.get(caller) ?? 0) < this.#perCallerLimit;
  }

  acquire(caller: string | undefined): void {
    if (caller !== undefined) this.#count(caller, 1);
  }

  release(caller: string | undefined): void {
    if (caller !== undefined) this.#count(caller, -1);
  }

  #count(caller: string, change: 1 | -1): void {
    this.#running += change;
    const running = (this.#byCaller.get(caller) ?? 0) + change;
    if (running > 0) this.#byCaller.set(caller, running);
    else this.#byCaller.delete(caller);
  }
}

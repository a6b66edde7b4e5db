// What ends work early. An AbortSignal is one; a request's own is lighter, since making an AbortController and listening to it
// costs as much as several middleware (`npm run bench`), for an end that hardly any request meets.

/** The part of AbortSignal that those who only listen need. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Throws the reason. */
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A signal that its owner aborts. */
export class StopSource implements StopSignal {
  #aborted = false;
  #reason: unknown;
  readonly #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const at = this.#listeners.lastIndexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  /** Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    // One that is removed meanwhile is not called.
    for (;;) {
      const listener = this.#listeners.shift();
      if (listener === undefined) return;
      listener();
    }
  }
}

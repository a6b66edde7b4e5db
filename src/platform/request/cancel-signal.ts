// A lightweight AbortSignal for requests. Creating an AbortController and listening to it costs as much as several middleware
// (`npm run bench`), and hardly any request is ever cancelled.

/** The part of AbortSignal that a listener needs; every AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** Throws the reason if aborted. */
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A signal that its owner aborts. */
export class CancelSource implements CancelSignal {
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
    const index = this.#listeners.lastIndexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  /** Calls the listeners, the first time only. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    // A listener may remove others: those must not be called.
    for (;;) {
      const listener = this.#listeners.shift();
      if (listener === undefined) return;
      listener();
    }
  }
}

// One signal for everything that can end a request early: its time is up, or its client has disconnected.

import { type CancelSignal, CancelSource } from "./cancel-signal.ts";
import { Problem } from "./problem.ts";

export interface Deadline {
  /** Aborts with the {@link Problem} that ended the request: deadline_exceeded or client_closed. */
  readonly stop: CancelSignal;
  /** The same as a real AbortSignal, for APIs such as fetch(). Created on first use. */
  readonly signal: AbortSignal;
  /** Milliseconds left; Infinity without a limit. */
  remainingMs(): number;
}

/** A deadline `limitMs` from now (undefined: never), which its owner can bring forward or call off. */
export class RequestDeadline implements Deadline {
  readonly #stop = new CancelSource();
  #controller: AbortController | undefined;
  readonly #endsAt: number;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number | undefined) {
    this.#endsAt = limitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + limitMs;
    if (limitMs !== undefined) this.#timer = setTimeout(() => this.abort(new Problem("deadline_exceeded")), limitMs);
  }

  get stop(): CancelSignal {
    return this.#stop;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    const abort = () => controller.abort(this.#stop.reason);
    if (this.#stop.aborted) abort();
    else this.#stop.addEventListener("abort", abort);
    return controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Ends the request now. */
  abort(problem: Problem): void {
    this.#stop.abort(problem);
  }

  /** Calls the deadline off, because the request has ended. */
  done(): void {
    clearTimeout(this.#timer);
  }
}

// One signal for all that may end a request early: its time is up, or its client has gone.
import { Problem } from "./problem.ts";

export interface Deadline {
  /** Aborts with the {@link Problem} that ended the request: deadline_exceeded or client_closed. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left; Infinity without a limit. */
  remainingMs(): number;
}

/** A deadline in `limitMs` from now (undefined: none), which its owner can bring forward or call off. */
export class RequestDeadline implements Deadline {
  readonly #controller = new AbortController();
  readonly #endsAt: number;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number | undefined) {
    this.#endsAt = limitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + limitMs;
    if (limitMs !== undefined) this.#timer = setTimeout(() => this.abort(new Problem("deadline_exceeded")), limitMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  abort(problem: Problem): void {
    this.#controller.abort(problem);
  }

  /** The request has been answered: nothing of it is ended any more. */
  done(): void {
    clearTimeout(this.#timer);
  }
}

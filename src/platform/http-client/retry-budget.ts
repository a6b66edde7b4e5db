// Limits retries to a share of the calls: when a dependency fails altogether, retrying everything would multiply its load at
// the worst time. A token bucket as in Finagle's RetryBudget (percentCanRetry, minRetriesPerSec):
// https://twitter.github.io/finagle/guide/Clients.html#retries

interface RetryBudgetOptions {
  /** Retries earned per call: 0.1 means one for ten calls. */
  perCall?: number;
  /** Retries earned per second, so that a low call rate may retry too. */
  perSecond?: number;
  /** Maximum number of saved retries. */
  limit?: number;
  /** A monotonic clock, in milliseconds. */
  now?: () => number;
}

/** The retries that calls to one origin may still make. */
export class RetryBudget {
  readonly #perCall: number;
  readonly #perSecond: number;
  readonly #limit: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  constructor({ perCall = 0.1, perSecond = 1, limit = 10, now = () => performance.now() }: RetryBudgetOptions = {}) {
    this.#perCall = perCall;
    this.#perSecond = perSecond;
    this.#limit = limit;
    this.#now = now;
    this.#tokens = perSecond;
    this.#filledAt = now();
  }

  /** Counts a call, whether or not it may be retried. */
  countCall(): void {
    this.#add(this.#perCall);
  }

  /** Takes one retry out of the budget. Returns false when there is none left. */
  take(): boolean {
    const now = this.#now();
    this.#add(((now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#limit, this.#tokens + tokens);
  }
}

// Bounds retries to a share of the calls: when a dependency fails altogether, retrying everything would multiply the load
// on it just then. A token bucket as in Finagle's RetryBudget (percentCanRetry, minRetriesPerSec):
// https://twitter.github.io/finagle/guide/Clients.html#retries

interface RetryBudgetOptions {
  /** Retries for each call: 0.1 is one for ten calls. */
  perCall?: number;
  /** Retries a second that few calls may do too. */
  perSecond?: number;
  /** Most retries that are saved up. */
  most?: number;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

export class RetryBudget {
  readonly #perCall: number;
  readonly #perSecond: number;
  readonly #most: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  constructor({ perCall = 0.1, perSecond = 1, most = 10, now = () => performance.now() }: RetryBudgetOptions = {}) {
    this.#perCall = perCall;
    this.#perSecond = perSecond;
    this.#most = most;
    this.#now = now;
    this.#tokens = perSecond;
    this.#filledAt = now();
  }

  /** A call was made, whether or not it may be retried. */
  called(): void {
    this.#add(this.#perCall);
  }

  /** Takes a retry out of the budget; false when there is none left. */
  take(): boolean {
    const now = this.#now();
    this.#add(((now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + tokens);
  }
}

// Keeps a retry budget for each origin, so that one failing origin does not use up the retries of others.
import { LRUCache } from "lru-cache";
import { RetryBudget } from "./retry-budget.ts";

/** An evicted origin starts over with a new budget, which costs one more retry at most. */
const maxOrigins = 500;

/** The retry budgets by origin. */
export class RetryBudgetByOrigin {
  readonly #budgets = new LRUCache<string, RetryBudget>({ max: maxOrigins });

  /** The budget of `origin`, a new one if there is none. */
  forOrigin(origin: string): RetryBudget {
    const budget = this.#budgets.get(origin) ?? new RetryBudget();
    this.#budgets.set(origin, budget);
    return budget;
  }
}

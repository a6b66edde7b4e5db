// How many retries each origin that is called may still cost.
import { LRUCache } from "lru-cache";
import { RetryBudget } from "./retry-budget.ts";

/** One that is forgotten gets a new budget, which is a retry. */
const most = 500;

export class RetryBudgets {
  readonly #budgets = new LRUCache<string, RetryBudget>({ max: most });

  of(origin: string): RetryBudget {
    const budget = this.#budgets.get(origin) ?? new RetryBudget();
    this.#budgets.set(origin, budget);
    return budget;
  }
}

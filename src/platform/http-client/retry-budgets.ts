// How many retries each origin that is called may still cost.
import { LRUCache } from "lru-cache";
import { RetryBudget } from "./retry-budget.ts";

/** Most origins. A forgotten one starts with a new budget: that costs a retry. */
const most = 500;

export class RetryBudgets {
  readonly #budgets = new LRUCache<string, RetryBudget>({ max: most });

  of(origin: string): RetryBudget {
    const budget = this.#budgets.get(origin) ?? new RetryBudget();
    this.#budgets.set(origin, budget);
    return budget;
  }
}

// What is remembered of each origin that is called: how many retries it may still cost, and whether it is down.
import { LRUCache } from "lru-cache";
import { Breaker, type BreakerState, isDependencyFailure } from "../breaker.ts";
import type { Logger } from "../log.ts";
import type { HttpAnswer } from "./exchange.ts";
import { RetryBudget } from "./retry-budget.ts";

/** As many as the metrics can tell apart: the SDK keeps 2000 series of an instrument, and a breaker has four outcomes. */
const most = 500;

export interface OriginBreakerOptions {
  failures: number;
  resetMs: number;
  probeTimeoutMs: number;
}

export class Origins {
  readonly #origins: LRUCache<string, Origin>;
  readonly #breakerOptions: OriginBreakerOptions | undefined;
  readonly #log: Logger;

  /** Without `breaker`, a dependency that is down is met by each call anew. */
  constructor(breaker: OriginBreakerOptions | undefined, log: Logger) {
    this.#breakerOptions = breaker;
    this.#log = log;
    this.#origins = new LRUCache({ max: most, dispose: (origin) => origin.close() });
  }

  get(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin = new Origin(
      this.#breakerOptions && new Breaker({ name, isFailure, ...this.#breakerOptions }, this.#log),
    );
    this.#origins.set(name, origin);
    return origin;
  }

  /** How many origins are in each state. */
  breakerStates(): Record<BreakerState, number> {
    const counts = { closed: 0, "half-open": 0, open: 0 };
    for (const { state } of this.#origins.values()) counts[state] += 1;
    return counts;
  }

  close(): void {
    this.#origins.clear();
  }
}

class Origin {
  readonly budget = new RetryBudget();
  readonly #breaker: Breaker | undefined;

  constructor(breaker: Breaker | undefined) {
    this.#breaker = breaker;
  }

  get state(): BreakerState {
    return this.#breaker?.state ?? "closed";
  }

  /**
   * The answer of `call`. One with a status of 5xx is an answer for its caller, but a failure of the origin.
   *
   * @throws {Problem} breaker_open while the origin is known to be down.
   */
  async guarded(call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (this.#breaker === undefined) return call();
    try {
      return await this.#breaker.run(async () => {
        const answer = await call();
        if (answer.status >= 500) throw new FailedAnswer(answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof FailedAnswer) return error.answer;
      throw error;
    }
  }

  close(): void {
    this.#breaker?.close();
  }
}

/** Never leaves this file. */
class FailedAnswer extends Error {
  readonly answer: HttpAnswer;

  constructor(answer: HttpAnswer) {
    super(`status ${answer.status}`);
    this.answer = answer;
  }
}

function isFailure(error: unknown): boolean {
  return error instanceof FailedAnswer || isDependencyFailure(error);
}

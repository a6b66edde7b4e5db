// The circuit breakers of outbound calls, at two levels: an origin's counts connections that cannot be opened, that of a single
// destination (origin, path and query) counts answers that are 5xx or late. So one caller's failing webhook cuts nobody else off from
// the same host. All of it is bounded, since callers choose where calls go. Callers do not choose hosts of ours:
// such an origin is judged as a whole, by 5xx and late answers too.

import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { Breaker, type BreakerOptions, isDependencyFailure } from "../breaker/breaker.ts";
import { BreakerSeries, type BreakerState } from "../breaker/series.ts";
import type { Logger } from "../log.ts";
import type { OwnHosts } from "../own-hosts.ts";
import { isConnectFailure } from "./connect-failure.ts";
import type { HttpAnswer } from "./exchange.ts";

export interface OriginBreakerOptions {
  failures: number;
  resetMs: number;
  probeTimeoutMs: number;
}

/** Most breakers at each level. */
const most = 500;
/** Names of strangers' origins in metrics in the life of the process, first come first served: each is there to stay. */
const mostNames = 50;
const longestName = 100;
/** The labels for the rest. They don't count for the alert: nobody could tell from them what is down. */
const otherOrigins = "_OTHER";
const allDestinations = "_DESTINATIONS";

export class OriginBreakers {
  readonly #options: OriginBreakerOptions;
  readonly #isOwn: OwnHosts;
  readonly #log: Logger;
  readonly #origins: LRUCache<string, Breaker>;
  /** Only of those that have failed: a success while closed forgets them. */
  readonly #destinations: LRUCache<string, Breaker>;
  readonly #series = new Map<string, BreakerSeries>();
  readonly #forgetting: NodeJS.Timeout;

  constructor(options: OriginBreakerOptions, isOwn: OwnHosts, log: Logger) {
    this.#options = options;
    this.#isOwn = isOwn;
    this.#log = log;
    // One that nobody calls would stay open, or half-open, for ever: the next call is worth a new try anyway.
    const remembered = { max: most, ttl: 2 * options.resetMs, updateAgeOnGet: true };
    this.#origins = new LRUCache({ ...remembered, dispose: (breaker: Breaker) => breaker.close() });
    this.#destinations = new LRUCache({ ...remembered, dispose: (breaker: Breaker) => breaker.close() });
    this.#forgetting = setInterval(
      () => {
        this.#origins.purgeStale();
        this.#destinations.purgeStale();
      },
      Math.max(100, options.resetMs / 4),
    ).unref();
  }

  /**
   * The answer of `call`. One with a status of 5xx is an answer for its caller, but a failure of its destination.
   *
   * @throws {Problem} breaker_open while the origin or the destination is known to be down.
   */
  async guarded({ origin, hostname, pathname, search }: URL, call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (this.#isOwn(hostname)) {
      return answerOf(() => this.#ofOwnOrigin(origin).run(() => withoutFailure(call)));
    }
    // An address can be long, and can be a secret.
    const key = hash("sha256", origin + pathname + search, "base64");
    // To the origin a 5xx is an answer like any other.
    const ofDestination = () => answerOf(() => this.#guardedDestination(key, origin, call));
    return this.#ofOrigin(origin).run(ofDestination);
  }

  /** How many breakers are in each state: of origins, and of destinations that have failed. */
  states(): Record<BreakerState, number> {
    const counts = { closed: 0, "half-open": 0, open: 0 };
    for (const { state } of [...this.#origins.values(), ...this.#destinations.values()]) counts[state] += 1;
    return counts;
  }

  close(): void {
    clearInterval(this.#forgetting);
    this.#origins.clear();
    this.#destinations.clear();
    for (const series of this.#series.values()) series.stop();
    this.#series.clear();
  }

  async #guardedDestination(key: string, origin: string, call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const known = this.#destinations.get(key);
    if (known === undefined) {
      try {
        return await withoutFailure(call);
      } catch (error) {
        // From now on this destination has a breaker, which is told of the failure. One that others have opened knows already.
        const breaker = isDestinationFailure(error) ? this.#ofDestination(key, origin) : undefined;
        if (breaker?.state === "closed") return breaker.run(() => Promise.reject(error));
        throw error;
      }
    }
    const answer = await known.run(() => withoutFailure(call));
    if (known.state === "closed") this.#destinations.delete(key);
    return answer;
  }

  #ofOwnOrigin(origin: string): Breaker {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const options = { name: origin, series: this.#seriesCalled(origin), isFailure: isDependencyDown };
    return this.#remember(this.#origins, origin, options);
  }

  #ofOrigin(origin: string): Breaker {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const label = origin.slice(0, longestName);
    const hasName = this.#series.has(label) || this.#series.size < mostNames;
    const series = this.#seriesCalled(hasName ? label : otherOrigins);
    return this.#remember(this.#origins, origin, { name: origin, series, isFailure: isOriginFailure });
  }

  #ofDestination(key: string, origin: string): Breaker {
    const known = this.#destinations.get(key);
    if (known !== undefined) return known;
    const options = { name: `${origin} (one address)`, series: this.#seriesCalled(allDestinations) };
    return this.#remember(this.#destinations, key, { ...options, isFailure: isDestinationFailure });
  }

  #remember(
    cache: LRUCache<string, Breaker>,
    key: string,
    options: Pick<BreakerOptions, "name" | "series" | "isFailure">,
  ): Breaker {
    const breaker = new Breaker({ ...options, ...this.#options }, this.#log);
    cache.set(key, breaker);
    return breaker;
  }

  #seriesCalled(name: string): BreakerSeries {
    const series = this.#series.get(name) ?? new BreakerSeries(name);
    this.#series.set(name, series);
    return series;
  }
}

async function withoutFailure(call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  const answer = await call();
  if (answer.status >= 500) throw new FailedAnswer(answer);
  return answer;
}

async function answerOf(call: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FailedAnswer) return error.answer;
    throw error;
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

function isOriginFailure(error: unknown): boolean {
  return isDependencyFailure(error) && isConnectFailure(error);
}

function isDestinationFailure(error: unknown): boolean {
  return error instanceof FailedAnswer || (isDependencyFailure(error) && !isConnectFailure(error));
}

function isDependencyDown(error: unknown): boolean {
  return error instanceof FailedAnswer || isDependencyFailure(error);
}

// The circuit breakers of outbound calls, at two levels. An origin's breaker counts connections that cannot be opened; a
// destination's (origin, path and query) counts 5xx and late responses. So one caller's failing URL does not cut others off
// from the same host. Both are bounded, since callers choose the URLs. They do not choose our own hosts: each of those has one
// breaker for the whole origin, which also counts 5xx and late responses.

import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { Breaker, type BreakerOptions, isDependencyFailure } from "../breaker/breaker.ts";
import { type BreakerState, BreakerStateMetrics } from "../breaker/state-metrics.ts";
import type { Logger } from "../log.ts";
import type { OwnHosts } from "../own-hosts.ts";
import { isConnectFailure } from "./connect-failure.ts";
import type { HttpResponse } from "./exchange.ts";

/** As in BreakerOptions, for each breaker. */
export interface OriginBreakerOptions {
  failures: number;
  resetMs: number;
  probeTimeoutMs: number;
}

/** Maximum number of breakers at each level; the least recently used are evicted. */
const maxBreakers = 500;
/** How many foreign origins get their own metric label, first come first served: a label stays until the process ends. */
const maxLabels = 50;
const maxLabelLength = 100;
/** Labels for the rest. Alerts ignore them, since they don't say what is down. */
const otherOrigins = "_OTHER";
const allDestinations = "_DESTINATIONS";

/** Runs calls through the breakers of their origin and destination. */
export class OriginBreakers {
  readonly #options: OriginBreakerOptions;
  readonly #isOwn: OwnHosts;
  readonly #log: Logger;
  readonly #origins: LRUCache<string, Breaker>;
  /** Only for destinations that have failed: a success while closed removes the breaker. */
  readonly #destinations: LRUCache<string, Breaker>;
  readonly #series = new Map<string, BreakerStateMetrics>();
  readonly #purgeTimer: NodeJS.Timeout;

  constructor(options: OriginBreakerOptions, isOwn: OwnHosts, log: Logger) {
    this.#options = options;
    this.#isOwn = isOwn;
    this.#log = log;
    // Without a TTL, a breaker that nobody calls any more would stay open or half-open forever.
    const limits = { max: maxBreakers, ttl: 2 * options.resetMs, updateAgeOnGet: true };
    this.#origins = new LRUCache({ ...limits, dispose: (breaker: Breaker) => breaker.close() });
    this.#destinations = new LRUCache({ ...limits, dispose: (breaker: Breaker) => breaker.close() });
    this.#purgeTimer = setInterval(
      () => {
        this.#origins.purgeStale();
        this.#destinations.purgeStale();
      },
      Math.max(100, options.resetMs / 4),
    ).unref();
  }

  /**
   * Runs `call` and returns its response. The breaker counts a 5xx as a failure, but the caller still gets the response.
   *
   * @throws {Problem} breaker_open while the breaker of the origin or the destination is open.
   */
  async run({ origin, hostname, pathname, search }: URL, call: () => Promise<HttpResponse>): Promise<HttpResponse> {
    if (this.#isOwn(hostname)) {
      return unwrapFailure(() => this.#ownOriginBreaker(origin).run(() => throwIfFailed(call)));
    }
    // Hashed: a URL can be long, and can be a secret.
    const key = hash("sha256", origin + pathname + search, "base64");
    // For the origin's breaker, a 5xx is not a failure.
    const throughDestination = () => unwrapFailure(() => this.#runDestination(key, origin, call));
    return this.#originBreaker(origin).run(throughDestination);
  }

  /** Number of breakers in each state: those of origins, and of destinations that have failed. */
  states(): Record<BreakerState, number> {
    const counts = { closed: 0, "half-open": 0, open: 0 };
    for (const { state } of [...this.#origins.values(), ...this.#destinations.values()]) counts[state] += 1;
    return counts;
  }

  /** Stops all timers and metrics. */
  close(): void {
    clearInterval(this.#purgeTimer);
    this.#origins.clear();
    this.#destinations.clear();
    for (const series of this.#series.values()) series.stop();
    this.#series.clear();
  }

  async #runDestination(key: string, origin: string, call: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const existing = this.#destinations.get(key);
    if (existing === undefined) {
      try {
        return await throwIfFailed(call);
      } catch (error) {
        // Creates a breaker on the first failure and records that failure. If concurrent calls have opened it already, it needs
        // no more.
        const breaker = isDestinationFailure(error) ? this.#destinationBreaker(key, origin) : undefined;
        if (breaker?.state === "closed") return breaker.run(() => Promise.reject(error));
        throw error;
      }
    }
    const response = await existing.run(() => throwIfFailed(call));
    if (existing.state === "closed") this.#destinations.delete(key);
    return response;
  }

  #ownOriginBreaker(origin: string): Breaker {
    const existing = this.#origins.get(origin);
    if (existing !== undefined) return existing;
    const options = { name: origin, series: this.#seriesNamed(origin), isFailure: isDependencyDown };
    return this.#add(this.#origins, origin, options);
  }

  #originBreaker(origin: string): Breaker {
    const existing = this.#origins.get(origin);
    if (existing !== undefined) return existing;
    const label = origin.slice(0, maxLabelLength);
    const hasLabel = this.#series.has(label) || this.#series.size < maxLabels;
    const series = this.#seriesNamed(hasLabel ? label : otherOrigins);
    return this.#add(this.#origins, origin, { name: origin, series, isFailure: isOriginFailure });
  }

  #destinationBreaker(key: string, origin: string): Breaker {
    const existing = this.#destinations.get(key);
    if (existing !== undefined) return existing;
    const options = { name: `${origin} (one URL)`, series: this.#seriesNamed(allDestinations) };
    return this.#add(this.#destinations, key, { ...options, isFailure: isDestinationFailure });
  }

  #add(
    cache: LRUCache<string, Breaker>,
    key: string,
    options: Pick<BreakerOptions, "name" | "series" | "isFailure">,
  ): Breaker {
    const breaker = new Breaker({ ...options, ...this.#options }, this.#log);
    cache.set(key, breaker);
    return breaker;
  }

  #seriesNamed(name: string): BreakerStateMetrics {
    const series = this.#series.get(name) ?? new BreakerStateMetrics(name);
    this.#series.set(name, series);
    return series;
  }
}

/** Turns a 5xx response into a {@link FailedResponse}, which a breaker counts. */
async function throwIfFailed(call: () => Promise<HttpResponse>): Promise<HttpResponse> {
  const response = await call();
  if (response.status >= 500) throw new FailedResponse(response);
  return response;
}

/** Turns a {@link FailedResponse} back into the response. */
async function unwrapFailure(call: () => Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FailedResponse) return error.response;
    throw error;
  }
}

/** Used inside this file only. */
class FailedResponse extends Error {
  readonly response: HttpResponse;

  constructor(response: HttpResponse) {
    super(`status ${response.status}`);
    this.response = response;
  }
}

function isOriginFailure(error: unknown): boolean {
  return isDependencyFailure(error) && isConnectFailure(error);
}

function isDestinationFailure(error: unknown): boolean {
  return error instanceof FailedResponse || (isDependencyFailure(error) && !isConnectFailure(error));
}

function isDependencyDown(error: unknown): boolean {
  return error instanceof FailedResponse || isDependencyFailure(error);
}

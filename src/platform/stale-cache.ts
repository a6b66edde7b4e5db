// A bounded in-process cache that keeps answering: while an entry is refreshed, and when it cannot be refreshed.
// One refresh runs at a time for a key, whatever the number of requests that want it.
import { LRUCache } from "lru-cache";
import { withoutDeadline } from "./request-scope.ts";

interface StaleCacheOptions {
  /** For this long an entry is served as it is. */
  freshMs: number;
  /** For this long after that it is served while a refresh runs; later, requests wait for the refresh. */
  staleMs: number;
  maxEntries: number;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

interface Entry<Value> {
  value: Value;
  loadedAt: number;
}

/** A cached value with its age; `state` says how it came. */
export interface Cached<Value> {
  value: Value;
  ageMs: number;
  state: "hit" | "stale" | "miss";
}

export class StaleCache<Value> {
  readonly #entries: LRUCache<string, Entry<Value>, () => Promise<Value>>;
  readonly #options: StaleCacheOptions;
  readonly #now: () => number;

  constructor(options: StaleCacheOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const now = this.#now;
    this.#entries = new LRUCache({
      max: options.maxEntries,
      ttl: options.freshMs,
      perf: { now },
      ttlResolution: 0,
      noDeleteOnStaleGet: true,
      noDeleteOnFetchRejection: true,
      // Shared by all that wait for it: the end of the request that happened to start it must not end it.
      fetchMethod: async (_key, _stale, { context: load }) => ({ value: await withoutDeadline(load), loadedAt: now() }),
    });
  }

  /**
   * The value for `key`, from the cache or from `load`.
   * Rejects with the error of `load` only when there is nothing to serve, however old.
   */
  async get(key: string, load: () => Promise<Value>): Promise<Cached<Value>> {
    const { freshMs, staleMs } = this.#options;
    const known = this.#entries.peek(key, { allowStale: true });
    const knownAgeMs = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.loadedAt;
    const entry = await this.#entries.forceFetch(key, {
      context: load,
      allowStale: knownAgeMs <= freshMs + staleMs,
      // Only with something to serve: without, lru-cache would swallow the error.
      allowStaleOnFetchRejection: known !== undefined,
    });
    const ageMs = Math.max(0, this.#now() - entry.loadedAt);
    return { value: entry.value, ageMs, state: entry !== known ? "miss" : knownAgeMs <= freshMs ? "hit" : "stale" };
  }
}

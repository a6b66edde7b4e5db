// A bounded in-process cache that serves stale entries while they are refreshed and when a refresh fails
// (stale-while-revalidate, stale-if-error). Only one refresh per key runs at a time.
import { LRUCache } from "lru-cache";
import { bounded } from "./bounded.ts";
import { type Background, currentDeadline, withDeadline } from "./scope.ts";
import { SharedWork } from "./shared-work.ts";

export interface StaleCacheOptions<Value> {
  /** Serves an entry without a refresh for this long. */
  freshMs: number;
  /** After that, serves it stale and refreshes it in the background for this long. Later, requests wait for the refresh. */
  staleMs: number;
  maxEntries: number;
  /** Maximum size of all entries together, keys included. A larger value is served but not kept. */
  maxBytes: number;
  /** The size of a value in bytes. */
  sizeOf: (value: Value) => number;
  /** Runs refreshes that no request waits for. If it refuses one, the stale value stays. */
  background: Background;
  /** Milliseconds on a monotonic clock. */
  now?: () => number;
}

/** The approximate overhead of an entry, besides its key and value. */
const entryOverheadBytes = 512;

interface Entry<Value> {
  value: Value;
  loadedAt: number;
}

/** A value with its age; `state` tells where it came from. */
export interface Cached<Value> {
  value: Value;
  ageMs: number;
  state: "hit" | "stale" | "miss";
}

export class StaleCache<Value> {
  readonly #entries: LRUCache<string, Entry<Value>, () => Promise<Value>>;
  /** The running loads that requests wait for, by key. */
  readonly #loads = new Map<string, SharedWork>();
  readonly #options: StaleCacheOptions<Value>;
  readonly #now: () => number;

  constructor(options: StaleCacheOptions<Value>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const now = this.#now;
    const { sizeOf } = options;
    this.#entries = new LRUCache({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      sizeCalculation: ({ value }, key) => entryOverheadBytes + bytesOf(key) + sizeOf(value),
      ttl: options.freshMs,
      perf: { now },
      ttlResolution: 0,
      noDeleteOnStaleGet: true,
      noDeleteOnFetchRejection: true,
      // Requests that wait for a load get its value even if the entry has been evicted.
      ignoreFetchAbort: true,
      fetchMethod: async (_key, _stale, { context: load }) => ({ value: await load(), loadedAt: now() }),
    });
  }

  /**
   * Returns the value for `key` from the cache or from `load`. Concurrent requests share one load, which is aborted when all of
   * them have ended. Rejects with the error of `load` if there is no value to serve, not even an old one, and when the request
   * ends.
   */
  async get(key: string, load: () => Promise<Value>): Promise<Cached<Value>> {
    const { freshMs, staleMs, background } = this.#options;
    const cached = this.#entries.peek(key, { allowStale: true });
    const cachedAgeMs = cached === undefined ? Number.POSITIVE_INFINITY : this.#now() - cached.loadedAt;
    const entry =
      cachedAgeMs <= freshMs + staleMs
        ? await this.#fetch(key, cached, true, () => background(load))
        : await this.#waitForLoad(key, cached, load);
    const ageMs = Math.max(0, this.#now() - entry.loadedAt);
    return { value: entry.value, ageMs, state: entry !== cached ? "miss" : cachedAgeMs <= freshMs ? "hit" : "stale" };
  }

  async #waitForLoad(key: string, cached: Entry<Value> | undefined, load: () => Promise<Value>): Promise<Entry<Value>> {
    const deadline = currentDeadline();
    deadline?.stop.throwIfAborted();
    const shared = this.#loads.get(key) ?? new SharedWork();
    this.#loads.set(key, shared);
    const leave = shared.join(deadline);
    const work = () => withDeadline(shared.deadline, load).finally(() => this.#loads.delete(key));
    try {
      return await bounded(this.#fetch(key, cached, false, work), { signal: deadline?.stop });
    } catch (error) {
      // This request joined just as the load was aborted because all others had ended.
      if (shared.abandoned && deadline?.stop.aborted !== true) return this.#waitForLoad(key, cached, load);
      throw error;
    } finally {
      leave();
    }
  }

  #fetch(key: string, cached: Entry<Value> | undefined, allowStale: boolean, load: () => Promise<Value>) {
    return this.#entries.forceFetch(key, {
      context: load,
      allowStale,
      // Without a stale value, lru-cache would swallow the error.
      allowStaleOnFetchRejection: cached !== undefined,
    });
  }
}

/** An upper bound for the size of a string: V8 needs one byte per character, or two if not all are Latin-1. */
export function bytesOf(text: string): number {
  return 2 * text.length;
}

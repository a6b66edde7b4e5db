// A bounded in-process cache that keeps answering: while an entry is refreshed, and when it cannot be refreshed.
// One refresh runs at a time for a key, whatever the number of requests that want it.
import { LRUCache } from "lru-cache";
import { bounded } from "./bounded.ts";
import { type Background, currentDeadline, withDeadline } from "./scope.ts";
import { SharedLoad } from "./shared-load.ts";

export interface StaleCacheOptions<Value> {
  /** For this long an entry is served as it is. */
  freshMs: number;
  /** For this long after that it is served while a refresh runs; later, requests wait for the refresh. */
  staleMs: number;
  maxEntries: number;
  /** Most bytes of all entries together, their keys included. A value that has more is served, and not kept. */
  maxBytes: number;
  /** Bytes of a value. */
  sizeOf: (value: Value) => number;
  /** Runs the refreshes that nobody waits for. When it refuses one, the stale value stays. */
  background: Background;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

/** What an entry takes besides its key and its value, roughly. */
const bytesOfEntry = 512;

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
  /** The loads that requests wait for. */
  readonly #loads = new Map<string, SharedLoad>();
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
      sizeCalculation: ({ value }, key) => bytesOfEntry + bytesOf(key) + sizeOf(value),
      ttl: options.freshMs,
      perf: { now },
      ttlResolution: 0,
      noDeleteOnStaleGet: true,
      noDeleteOnFetchRejection: true,
      // Requests that wait for a load get its value even if its entry was evicted meanwhile.
      ignoreFetchAbort: true,
      fetchMethod: async (_key, _stale, { context: load }) => ({ value: await load(), loadedAt: now() }),
    });
  }

  /**
   * The value for `key`, from the cache or from `load`. One load serves all that wait for it; it is stopped when they have all
   * gone. Rejects with the error of `load` only when there is nothing to serve, however old; and when the request ends.
   */
  async get(key: string, load: () => Promise<Value>): Promise<Cached<Value>> {
    const { freshMs, staleMs, background } = this.#options;
    const known = this.#entries.peek(key, { allowStale: true });
    const knownAgeMs = known === undefined ? Number.POSITIVE_INFINITY : this.#now() - known.loadedAt;
    const entry =
      knownAgeMs <= freshMs + staleMs
        ? await this.#fetch(key, known, true, () => background(load))
        : await this.#loaded(key, known, load);
    const ageMs = Math.max(0, this.#now() - entry.loadedAt);
    return { value: entry.value, ageMs, state: entry !== known ? "miss" : knownAgeMs <= freshMs ? "hit" : "stale" };
  }

  async #loaded(key: string, known: Entry<Value> | undefined, load: () => Promise<Value>): Promise<Entry<Value>> {
    const own = currentDeadline();
    own?.stop.throwIfAborted();
    const shared = this.#loads.get(key) ?? new SharedLoad();
    this.#loads.set(key, shared);
    const leave = shared.join(own);
    const work = () => withDeadline(shared.deadline, load).finally(() => this.#loads.delete(key));
    try {
      return await bounded(this.#fetch(key, known, false, work), { signal: own?.stop });
    } catch (error) {
      // It came just when all the others had gone.
      if (shared.abandoned && own?.stop.aborted !== true) return this.#loaded(key, known, load);
      throw error;
    } finally {
      leave();
    }
  }

  #fetch(key: string, known: Entry<Value> | undefined, allowStale: boolean, load: () => Promise<Value>) {
    return this.#entries.forceFetch(key, {
      context: load,
      allowStale,
      // Only with something to serve: without, lru-cache would swallow the error.
      allowStaleOnFetchRejection: known !== undefined,
    });
  }
}

/** What a text takes at most: V8 keeps one byte a character, or two when there are others than Latin-1. */
export function bytesOf(text: string): number {
  return 2 * text.length;
}

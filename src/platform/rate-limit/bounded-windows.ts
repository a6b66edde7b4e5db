// A bounded Map for koa-ratelimit's memory driver. The driver never removes a window, so a stream of new addresses would fill
// the heap. It keeps two generations and drops the older one as a whole: deleting the oldest entries of a single Map one by one
// gets slow, since finding the first entry walks over all deleted ones.
import type { WindowState } from "koa-ratelimit";

/** Keeps expired windows a little longer, because the driver reads a different clock. */
const slackS = 5;

interface Generation {
  windows: Map<string, WindowState>;
  /** When its last window expires, in seconds since 1970. */
  expiresAtS: number;
}

/**
 * A Map for at most `capacity` clients (2 or more). Recent clients are in the young generation, which becomes the old one when
 * it holds half of `capacity`, or when all windows of the old one have expired. So the map shrinks without a timer, and forgets
 * a client early only if half of `capacity` others have come since its last request.
 */
export class BoundedWindows extends Map<string, WindowState> {
  readonly #half: number;
  readonly #nowS: () => number;
  #young = newGeneration();
  #old = newGeneration();

  /** `nowS` returns seconds since 1970 on a monotonic clock. */
  constructor(capacity: number, nowS = () => (performance.timeOrigin + performance.now()) / 1000) {
    super();
    this.#half = Math.max(1, Math.floor(capacity / 2));
    this.#nowS = nowS;
  }

  override get size(): number {
    return this.#young.windows.size + this.#old.windows.size;
  }

  override get(key: string): WindowState | undefined {
    const window = this.#young.windows.get(key);
    if (window !== undefined) return window;
    const older = this.#old.windows.get(key);
    if (older !== undefined) this.#put(key, older);
    return older;
  }

  override has(key: string): boolean {
    return this.#young.windows.has(key) || this.#old.windows.has(key);
  }

  override set(key: string, window: WindowState): this {
    if (this.#old.expiresAtS < this.#nowS() - slackS) this.#startGeneration();
    this.#put(key, window);
    return this;
  }

  #put(key: string, window: WindowState): void {
    this.#old.windows.delete(key);
    if (this.#young.windows.size >= this.#half && !this.#young.windows.has(key)) this.#startGeneration();
    this.#young.windows.set(key, window);
    this.#young.expiresAtS = Math.max(this.#young.expiresAtS, window.reset);
  }

  #startGeneration(): void {
    this.#old = this.#young;
    this.#young = newGeneration();
  }
}

function newGeneration(): Generation {
  return { windows: new Map(), expiresAtS: Number.NEGATIVE_INFINITY };
}

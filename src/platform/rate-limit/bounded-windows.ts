// The windows of koa-ratelimit's memory driver, bounded: the driver itself never removes one, so that a stream of new
// addresses would fill the heap. Two generations instead of one Map: the older one is dropped as a whole, since a Map from
// which the oldest are deleted one by one walks over all that were deleted before.
import type { WindowState } from "koa-ratelimit";

/** The driver reads another clock than ours: a window is dropped only when it has been over for longer than they can differ. */
const slackS = 5;

interface Generation {
  windows: Map<string, WindowState>;
  /** When the last of its windows is over, in seconds since 1970. */
  overAtS: number;
}

/**
 * A Map for at most `capacity` clients (2 or more). The younger generation has the latest clients; it becomes the older one when
 * it has half of `capacity`, or when all windows of the older one are over. So the map follows the traffic without a timer, and
 * a client is forgotten early only when half of `capacity` others came since its last request.
 */
export class BoundedWindows extends Map<string, WindowState> {
  readonly #half: number;
  readonly #nowS: () => number;
  #young = newGeneration();
  #old = newGeneration();

  /** `nowS` gives seconds since 1970 on a clock that only goes forward. */
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
    if (this.#old.overAtS < this.#nowS() - slackS) this.#turn();
    this.#put(key, window);
    return this;
  }

  #put(key: string, window: WindowState): void {
    this.#old.windows.delete(key);
    if (this.#young.windows.size >= this.#half && !this.#young.windows.has(key)) this.#turn();
    this.#young.windows.set(key, window);
    this.#young.overAtS = Math.max(this.#young.overAtS, window.reset);
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = newGeneration();
  }
}

function newGeneration(): Generation {
  return { windows: new Map(), overAtS: Number.NEGATIVE_INFINITY };
}

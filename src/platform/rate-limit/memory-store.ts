// The windows of koa-ratelimit's memory driver, bounded: the driver itself never removes one, so that a stream of new
// addresses would fill the heap.
import type { WindowState } from "koa-ratelimit";

/** The driver reads another clock than ours: a window is swept only when it has been over for longer than they can differ. */
const slackS = 5;

/**
 * A Map for at most `capacity` clients. Each new one sweeps out up to two windows that are over, so the map follows the traffic
 * without a timer. At capacity the client goes that was seen longest ago: one is forgotten early only when half of `capacity`
 * others came since its last request.
 */
export class BoundedWindows extends Map<string, WindowState> {
  readonly #capacity: number;
  readonly #nowS: () => number;

  /** `nowS` gives seconds since 1970 on a clock that only goes forward. */
  constructor(capacity: number, nowS = () => (performance.timeOrigin + performance.now()) / 1000) {
    super();
    this.#capacity = capacity;
    this.#nowS = nowS;
  }

  override get(key: string): WindowState | undefined {
    const window = super.get(key);
    // While it is half empty nobody has to go soon, and keeping the order is most of what a request costs here.
    if (window !== undefined && this.size > this.#capacity / 2) {
      super.delete(key);
      super.set(key, window);
    }
    return window;
  }

  override set(key: string, window: WindowState): this {
    super.delete(key);
    this.#sweep(2);
    if (this.size >= this.#capacity) this.#dropOldest();
    return super.set(key, window);
  }

  #sweep(most: number): void {
    const overBefore = this.#nowS() - slackS;
    for (let swept = 0; swept < most; swept += 1) {
      const oldest = this.values().next().value;
      if (oldest === undefined || oldest.reset > overBefore) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const oldest = this.keys().next().value;
    if (oldest !== undefined) super.delete(oldest);
  }
}

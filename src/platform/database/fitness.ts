// Which open connections can be used once more: not those that are old, or have died while they lay idle.
import type { PoolConnection } from "mysql2";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { answers } from "./liveness.ts";

/** What is known of an open connection; times as of performance.now(). */
interface History {
  openedAt: number;
  usedAt: number;
  endsAt: number;
}

/** After so long without use a connection is asked whether it is still there. */
const checkAfterMs = 1000;

export class Fitness {
  readonly #recycleMs: number;
  readonly #histories = new WeakMap<PoolConnection, History>();
  /** Connections from before this instant are checked before they are used, however short they were idle. */
  #suspectBefore = 0;
  /** Connections from before this instant are not used again. */
  #deadBefore = 0;

  /** A connection older than about `recycleMs` is not fit any more. */
  constructor(recycleMs: number) {
    this.#recycleMs = recycleMs;
  }

  /** False of a connection that has not been used yet. */
  knows(connection: PoolConnection): boolean {
    return this.#histories.has(connection);
  }

  /** A new connection. */
  remember(connection: PoolConnection): void {
    const now = performance.now();
    // Not all at once: what was opened together would be replaced together.
    const endsAt = now + this.#recycleMs * (1 - 0.1 * Math.random());
    this.#histories.set(connection, { openedAt: now, usedAt: now, endsAt });
  }

  /** It worked a moment ago. */
  used(connection: PoolConnection): void {
    const history = this.#histories.get(connection);
    if (history !== undefined) history.usedAt = performance.now();
  }

  /** A connection was found dead in use: the others may be too, and are checked before they are used again. */
  suspect(): void {
    this.#suspectBefore = performance.now();
  }

  /**
   * Whether a known connection can be used once more, as of `now`. It is asked, unless it worked a moment ago. Rejects with the
   * reason of `signal`.
   */
  isFit(connection: PoolConnection, now: number, signal: CancelSignal | undefined): boolean | Promise<boolean> {
    const history = this.#histories.get(connection);
    if (history === undefined || now > history.endsAt || history.openedAt < this.#deadBefore) return false;
    if (now - history.usedAt < checkAfterMs && history.usedAt > this.#suspectBefore) return true;
    return this.#isAlive(connection, signal);
  }

  async #isAlive(connection: PoolConnection, signal: CancelSignal | undefined): Promise<boolean> {
    const askedAt = performance.now();
    const alive = await answers(connection, signal);
    // Found dead after a rest, it is hardly the only one: all that are open now are replaced, without asking each.
    if (!alive) this.#deadBefore = askedAt;
    return alive;
  }
}

// Decides whether an open connection can be reused: not when it is too old, or has died while idle.
import type { PoolConnection } from "mysql2";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { answers } from "./connection-ping.ts";

/** Times on the clock of performance.now(). */
interface History {
  openedAt: number;
  usedAt: number;
  recycleAt: number;
}

/** A connection idle for longer than this is pinged before it is used. */
const pingAfterIdleMs = 1000;

/** Tracks the age and use of the pool's connections. */
export class ConnectionReuse {
  readonly #recycleMs: number;
  readonly #histories = new WeakMap<PoolConnection, History>();
  /** Connections last used before this time are pinged before reuse, however short they were idle. */
  #suspectBefore = 0;
  /** Connections opened before this time are never reused. */
  #deadBefore = 0;

  /** A connection is recycled at an age of 0.9 to 1 times `recycleMs`. */
  constructor(recycleMs: number) {
    this.#recycleMs = recycleMs;
  }

  /** False for a connection that has not been used yet. */
  has(connection: PoolConnection): boolean {
    return this.#histories.has(connection);
  }

  /** Starts tracking a new connection. */
  add(connection: PoolConnection): void {
    const now = performance.now();
    // With jitter: connections that were opened together must not all be replaced together.
    const recycleAt = now + this.#recycleMs * (1 - 0.1 * Math.random());
    this.#histories.set(connection, { openedAt: now, usedAt: now, recycleAt });
  }

  /** Records that the connection worked just now. */
  markUsed(connection: PoolConnection): void {
    const history = this.#histories.get(connection);
    if (history !== undefined) history.usedAt = performance.now();
  }

  /** Pings every connection before its next use: one was found dead in use, so the others may be dead too. */
  suspectAll(): void {
    this.#suspectBefore = performance.now();
  }

  /**
   * Whether the connection can be reused at the time `now`. Pings it unless it worked a moment ago. Rejects with the reason of
   * `signal`.
   */
  isFit(connection: PoolConnection, now: number, signal: CancelSignal | undefined): boolean | Promise<boolean> {
    const history = this.#histories.get(connection);
    if (history === undefined || now > history.recycleAt || history.openedAt < this.#deadBefore) return false;
    if (now - history.usedAt < pingAfterIdleMs && history.usedAt > this.#suspectBefore) return true;
    return this.#isAlive(connection, signal);
  }

  async #isAlive(connection: PoolConnection, signal: CancelSignal | undefined): Promise<boolean> {
    const pingedAt = performance.now();
    const alive = await answers(connection, signal);
    // If one died while idle, the rest most likely did too: all that are open now get replaced, without a ping each.
    if (!alive) this.#deadBefore = pingedAt;
    return alive;
  }
}

// Bodies are read before their requests get a slot: a client that sends slowly holds none. So that bodies cannot fill the
// memory instead, the number and bytes of those being received or waiting for a slot are bounded; half of that for one caller.

import { callerOf, callerOfOutbound } from "../http/caller.ts";
import type { Context } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { AdmissionQueue } from "./admission-queue.ts";
import type { CountRefusal } from "./admission-refusals.ts";

interface WaitingBodiesOptions {
  queue: Pick<AdmissionQueue, "throwIfRefusing">;
  refused: CountRefusal;
  /** Most bodies. */
  most?: number;
  /** Most bytes of all together; a single body may have more. */
  mostBytes?: number;
}

interface Room {
  count: number;
  bytes: number;
}

export class WaitingBodies {
  readonly #options: WaitingBodiesOptions;
  readonly #most: Room;
  readonly #mostOfOne: Room;
  readonly #all: Room = { count: 0, bytes: 0 };
  readonly #byCaller = new Map<string, Room>();

  constructor(options: WaitingBodiesOptions) {
    this.#options = options;
    this.#most = { count: options.most ?? 100, bytes: options.mostBytes ?? 16_777_216 };
    this.#mostOfOne = { count: Math.ceil(this.#most.count / 2), bytes: this.#most.bytes / 2 };
  }

  /**
   * Makes room for a body of up to `bytes` until the returned function is called; admission calls it too.
   * Throws a Problem: queue_full, or the one that the queue would refuse the request with anyway, so that the body stays unread.
   */
  enter(ctx: Context, bytes: number): () => void {
    const { state } = ctx;
    const { priority = "normal" } = state.route ?? {};
    const caller = callerOf(state);
    const own = this.#byCaller.get(caller) ?? { count: 0, bytes: 0 };
    try {
      this.#options.queue.throwIfRefusing(priority, callerOfOutbound(state));
      if (!fits(this.#all, bytes, this.#most) || !fits(own, bytes, this.#mostOfOne)) throw new Problem("queue_full");
    } catch (error) {
      throw this.#options.refused(error, priority);
    }
    add(this.#all, 1, bytes);
    add(own, 1, bytes);
    this.#byCaller.set(caller, own);
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      add(this.#all, -1, -bytes);
      add(own, -1, -bytes);
      if (own.count === 0) this.#byCaller.delete(caller);
    };
    state.admitted = leave;
    return leave;
  }
}

/** A single body always does, whatever its size: that is bounded elsewhere. */
function fits({ count, bytes }: Room, more: number, most: Room): boolean {
  return count === 0 || (count < most.count && bytes + more <= most.bytes);
}

function add(room: Room, count: number, bytes: number): void {
  room.count += count;
  room.bytes += bytes;
}

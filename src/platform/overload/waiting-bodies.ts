// Request bodies are read before admission, so that a slow upload holds no slot. To keep bodies from filling the memory
// instead, this bounds how many may be arriving or waiting for a slot, and their bytes; one caller gets half of that.

import { callerOf, callerOfOutbound } from "../http/caller.ts";
import type { Context } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import type { AdmissionQueue } from "./admission-queue.ts";
import type { CountRefusal } from "./refusal-counter.ts";

interface WaitingBodiesOptions {
  queue: Pick<AdmissionQueue, "throwIfRefusing">;
  countRefusal: CountRefusal;
  /** Maximum number of bodies. Default: 100. */
  limit?: number;
  /** Maximum total size. A single body may exceed it. Default: 16 MiB. */
  limitBytes?: number;
}

interface Usage {
  count: number;
  bytes: number;
}

export class WaitingBodies {
  readonly #options: WaitingBodiesOptions;
  readonly #limit: Usage;
  readonly #perCallerLimit: Usage;
  readonly #total: Usage = { count: 0, bytes: 0 };
  readonly #byCaller = new Map<string, Usage>();

  constructor(options: WaitingBodiesOptions) {
    this.#options = options;
    this.#limit = { count: options.limit ?? 100, bytes: options.limitBytes ?? 16_777_216 };
    this.#perCallerLimit = { count: Math.ceil(this.#limit.count / 2), bytes: this.#limit.bytes / 2 };
  }

  /**
   * Reserves room for a body of up to `bytes` until the returned function is called; admission calls it too.
   * Throws a Problem, leaving the body unread: queue_full, or what the queue would refuse the request with anyway.
   */
  reserve(ctx: Context, bytes: number): () => void {
    const { state } = ctx;
    const { priority = "normal" } = state.route ?? {};
    const caller = callerOf(state);
    const ofCaller = this.#byCaller.get(caller) ?? { count: 0, bytes: 0 };
    try {
      this.#options.queue.throwIfRefusing(priority, callerOfOutbound(state));
      if (!fits(this.#total, bytes, this.#limit) || !fits(ofCaller, bytes, this.#perCallerLimit))
        throw new Problem("queue_full");
    } catch (error) {
      throw this.#options.countRefusal(error, priority);
    }
    add(this.#total, 1, bytes);
    add(ofCaller, 1, bytes);
    this.#byCaller.set(caller, ofCaller);
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      add(this.#total, -1, -bytes);
      add(ofCaller, -1, -bytes);
      if (ofCaller.count === 0) this.#byCaller.delete(caller);
    };
    state.onAdmitted = release;
    return release;
  }
}

/** A single body always fits, whatever its size: jsonBody limits that. */
function fits({ count, bytes }: Usage, more: number, limit: Usage): boolean {
  return count === 0 || (count < limit.count && bytes + more <= limit.bytes);
}

function add(usage: Usage, count: number, bytes: number): void {
  usage.count += count;
  usage.bytes += bytes;
}

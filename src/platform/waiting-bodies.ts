// Bodies are read before their requests get a slot: a client that sends slowly holds none. So that those who send cannot fill
// the memory instead, only so many bodies may be on their way, or wait for a slot.
import type { CountRefusal } from "./admission-refusals.ts";
import type { Context } from "./http.ts";
import { Problem } from "./problem.ts";
import type { AdmissionQueue } from "./queue.ts";

interface WaitingBodiesOptions {
  queue: Pick<AdmissionQueue, "throwIfRefusing">;
  refused: CountRefusal;
  /** Most bodies. */
  most?: number;
  /** Most bytes of all together; a single body may have more. */
  mostBytes?: number;
}

export class WaitingBodies {
  readonly #options: WaitingBodiesOptions;
  readonly #most: number;
  readonly #mostBytes: number;
  #count = 0;
  #bytes = 0;

  constructor(options: WaitingBodiesOptions) {
    this.#options = options;
    this.#most = options.most ?? 100;
    this.#mostBytes = options.mostBytes ?? 16_777_216;
  }

  /**
   * Lets a body of up to `bytes` come; they count until the returned function is called, which admission does, too.
   * Throws a Problem: queue_full, and what the queue would refuse the request for anyway, so that it is refused unread.
   */
  enter({ state }: Context, bytes: number): () => void {
    const { priority = "normal", outbound = false } = state.route ?? {};
    try {
      this.#options.queue.throwIfRefusing(priority, outbound);
      if (this.#count >= this.#most) throw new Problem("queue_full");
      if (this.#count > 0 && this.#bytes + bytes > this.#mostBytes) throw new Problem("queue_full");
    } catch (error) {
      throw this.#options.refused(error, priority);
    }
    this.#count += 1;
    this.#bytes += bytes;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      this.#count -= 1;
      this.#bytes -= bytes;
    };
    state.admitted = leave;
    return leave;
  }
}

// Work that several requests wait for. It continues while at least one of them waits, even after the request that started it
// has ended. It is aborted when all have ended, so that abandoned queries hold no connections.
import { type Deadline, RequestDeadline } from "./deadline.ts";
import { Problem } from "./problem.ts";

export class SharedWork {
  readonly #deadline = new RequestDeadline(undefined);
  #waiting = 0;

  /** The deadline of the work: aborts when no request waits any more. */
  get deadline(): Deadline {
    return this.#deadline;
  }

  /** True once no request waits any more. */
  get abandoned(): boolean {
    return this.#deadline.stop.aborted;
  }

  /** Adds a waiting request. Call the returned function when the wait is over for another reason than the request's end. */
  join(request: Deadline | undefined): () => void {
    this.#waiting += 1;
    const onEnd = () => {
      this.#waiting -= 1;
      if (this.#waiting > 0) return;
      const reason = request?.stop.reason;
      this.#deadline.abort(reason instanceof Problem ? reason : new Problem("deadline_exceeded"));
    };
    request?.stop.addEventListener("abort", onEnd);
    return () => request?.stop.removeEventListener("abort", onEnd);
  }
}

// Work that several requests wait for: it goes on while one of them does, and ends when all have gone. The end of the request
// that happened to start it must not end it, and nobody's abandoned queries may hold connections.
import { type Deadline, RequestDeadline } from "./deadline.ts";
import { Problem } from "./problem.ts";

export class SharedLoad {
  readonly #deadline = new RequestDeadline(undefined);
  #waiting = 0;

  /** For the work: aborts when all who waited have gone. */
  get deadline(): Deadline {
    return this.#deadline;
  }

  get abandoned(): boolean {
    return this.#deadline.stop.aborted;
  }

  /** One more waits, until its request ends or the returned function is called. */
  join(request: Deadline | undefined): () => void {
    this.#waiting += 1;
    const gone = () => {
      this.#waiting -= 1;
      if (this.#waiting > 0) return;
      const reason = request?.stop.reason;
      this.#deadline.abort(reason instanceof Problem ? reason : new Problem("deadline_exceeded"));
    };
    request?.stop.addEventListener("abort", gone);
    return () => request?.stop.removeEventListener("abort", gone);
  }
}

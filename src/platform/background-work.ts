// Work that no request waits for, such as the refresh of a cached answer: it takes a slot of the lowest class, as requests do, so
// that it cannot take from them what the queue has kept for them.
import { Problem } from "./problem.ts";
import type { AdmissionQueue } from "./queue.ts";
import { withoutDeadline } from "./request-scope.ts";
import { StopSource } from "./stop-signal.ts";

/** Runs work behind a request, or rejects with a Problem without having run it. */
export type Background = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * At most half of the slots are taken or waited for; one at least. Rejects as {@link AdmissionQueue.enter} does, and with
 * queue_full when there is more work than that.
 */
export function backgroundWork(queue: AdmissionQueue): Background {
  const most = Math.max(1, Math.floor(queue.state().limit / 2));
  // Nothing ends its wait but the queue.
  const stop = new StopSource();
  let count = 0;
  return async function inBackground(work) {
    if (count >= most) throw new Problem("queue_full");
    count += 1;
    try {
      const place = await queue.enter("low", stop);
      try {
        return await withoutDeadline(work);
      } finally {
        place.leave();
      }
    } finally {
      count -= 1;
    }
  };
}

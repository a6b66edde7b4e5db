// Work that no request waits for, such as refreshing a cached answer. It takes a slot in the lowest class, as requests do, so
// that it cannot crowd them out.

import { StopSource } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { type Background, withoutDeadline } from "../request/scope.ts";
import type { AdmissionQueue } from "./admission-queue.ts";

/**
 * Takes and waits for at most half of the slots, but at least one. Rejects as {@link AdmissionQueue.enter} does, and with
 * queue_full when there is more work than that.
 */
export function backgroundWork(queue: AdmissionQueue): Background {
  const most = Math.max(1, Math.floor(queue.state().limit / 2));
  // Only the queue ends the wait.
  const stop = new StopSource();
  let count = 0;
  return async function inBackground(work) {
    if (count >= most) throw new Problem("queue_full");
    count += 1;
    try {
      const slot = await queue.enter("low", stop);
      try {
        return await withoutDeadline(work);
      } finally {
        slot.leave();
      }
    } finally {
      count -= 1;
    }
  };
}

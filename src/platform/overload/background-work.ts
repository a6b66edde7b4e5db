// Work that no request waits for, such as refreshing a cached answer. It takes low-priority slots from the same queue, so that
// it cannot crowd out requests.

import { CancelSource } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { type Background, withoutDeadline } from "../request/scope.ts";
import type { AdmissionQueue } from "./admission-queue.ts";

/**
 * Runs or queues at most half as many tasks as there are slots, but at least one. Rejects with queue_full beyond that, and
 * otherwise as {@link AdmissionQueue.acquire} does.
 */
export function backgroundWork(queue: AdmissionQueue): Background {
  const limit = Math.max(1, Math.floor(queue.state().limit / 2));
  // Never aborted: only the queue ends the wait.
  const stop = new CancelSource();
  let count = 0;
  return async function inBackground(work) {
    if (count >= limit) throw new Problem("queue_full");
    count += 1;
    try {
      const slot = await queue.acquire("low", stop);
      try {
        return await withoutDeadline(work);
      } finally {
        slot.release();
      }
    } finally {
      count -= 1;
    }
  };
}

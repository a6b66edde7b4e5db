// Bounds work by a time of its own and by the request that it is done for, and tells the work when it is over.
import type { Deadline } from "../request/deadline.ts";
import type { Problem } from "../request/problem.ts";

interface TimeLimit {
  limitMs: number;
  /** The request that the work is done for. */
  deadline: Deadline | undefined;
  /** The reason when the limit has passed. */
  late: () => Problem;
}

/**
 * The outcome of `work`, unless the limit passes or the request ends first: then the signal that the work was given aborts,
 * and this rejects with the same reason at once. `endsAt` is that time on the clock of `performance.now()`.
 */
export async function withTimeLimit<Result>(
  { limitMs, deadline, late }: TimeLimit,
  work: (signal: AbortSignal, endsAt: number) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    ended.abort(reason);
    reject(reason);
  };
  const endWithRequest = () => end(deadline?.stop.reason);
  const timer = setTimeout(() => end(late()), limitMs);
  deadline?.stop.addEventListener("abort", endWithRequest);
  if (deadline?.stop.aborted) endWithRequest();
  try {
    const endsAt = performance.now() + Math.min(limitMs, deadline?.remainingMs() ?? limitMs);
    return await Promise.race([over, work(ended.signal, endsAt)]);
  } finally {
    clearTimeout(timer);
    deadline?.stop.removeEventListener("abort", endWithRequest);
  }
}

// Limits work by its own time limit and by the deadline of the request that it belongs to, and signals the work to stop.
import type { Deadline } from "../request/deadline.ts";
import type { Problem } from "../request/problem.ts";

interface TimeLimit {
  limitMs: number;
  /** Of the request that the work belongs to. */
  deadline: Deadline | undefined;
  /** Creates the error for when the limit passes. */
  late: () => Problem;
}

/**
 * Runs `work` and returns its result, unless the limit passes or the request ends first: then the work's signal aborts, and
 * this rejects at once with the same reason. `endsAt` is that time on the clock of `performance.now()`.
 */
export async function withTimeLimit<Result>(
  { limitMs, deadline, late }: TimeLimit,
  work: (signal: AbortSignal, endsAt: number) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const { promise: timeout, reject } = Promise.withResolvers<never>();
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
    return await Promise.race([timeout, work(ended.signal, endsAt)]);
  } finally {
    clearTimeout(timer);
    deadline?.stop.removeEventListener("abort", endWithRequest);
  }
}

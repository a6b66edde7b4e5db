// Waits for something no longer than a limit and a signal allow. What is waited for goes on: its owner cleans up.
import type { Problem } from "./problem.ts";

interface Bounds {
  /** Ends the wait, with its reason. */
  signal: AbortSignal | undefined;
  /** Ends it too. Not given: only the signal does. */
  limitMs?: number;
  /** The rejection when the limit has passed. */
  late?: () => Problem;
}

/** The outcome of `work`, unless the limit passes or the signal aborts first. Leaves no timer and no listener behind. */
export async function bounded<Result>(work: Promise<Result>, { limitMs, late, signal }: Bounds): Promise<Result> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal?.reason);
  const timer = limitMs === undefined ? undefined : setTimeout(() => reject(late?.()), limitMs);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

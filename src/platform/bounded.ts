// Waits for something no longer than a limit and a signal allow. What is waited for goes on: its owner cleans up.
import type { Problem } from "./problem.ts";

interface Bounds {
  limitMs: number;
  /** The rejection when the limit has passed. */
  late: () => Problem;
  /** Ends the wait too, with its reason. */
  signal: AbortSignal | undefined;
}

/** The outcome of `work`, unless the limit passes or the signal aborts first. Leaves no timer and no listener behind. */
export async function bounded<Result>(work: Promise<Result>, { limitMs, late, signal }: Bounds): Promise<Result> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal?.reason);
  const timer = setTimeout(() => reject(late()), limitMs);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([work, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

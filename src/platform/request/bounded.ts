// Bounds a wait with a time limit and a signal. It ends the wait, not the work: the owner of the work must clean up.

import type { CancelSignal } from "./cancel-signal.ts";
import type { Problem } from "./problem.ts";

interface Bounds {
  /** Ends the wait when it aborts; the wait rejects with its reason. */
  signal: CancelSignal | undefined;
  /** Longest wait, in milliseconds. Default: none. */
  limitMs?: number;
  /** Creates the rejection for a passed limit. */
  late?: () => Problem;
}

/** Settles as `work` does, unless the limit passes or the signal aborts first. Leaves no timer or listener behind. */
export function bounded<Result>(work: Promise<Result>, bounds: Bounds): Promise<Result> {
  return boundedCall((resolve, reject) => {
    work.then(resolve, reject);
  }, bounds);
}

/** Like {@link bounded}, for work with callbacks; `start` is an executor as for `new Promise`. */
export function boundedCall<Result>(
  start: (resolve: (result: Result) => void, reject: (error: unknown) => void) => void,
  { limitMs, late, signal }: Bounds,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    const timer = limitMs === undefined ? undefined : setTimeout(() => fail(late?.()), limitMs);
    signal?.addEventListener("abort", abort);
    start((result) => {
      end();
      resolve(result);
    }, fail);
    if (signal?.aborted) abort();
  });
}

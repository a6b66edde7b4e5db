// Waits for something no longer than a limit and a signal allow. What is waited for goes on: its owner cleans up.

import type { StopSignal } from "./cancel-signal.ts";
import type { Problem } from "./problem.ts";

interface Bounds {
  /** Ends the wait, with its reason. */
  signal: StopSignal | undefined;
  /** Ends it too. Not given: only the signal does. */
  limitMs?: number;
  /** The rejection when the limit has passed. */
  late?: () => Problem;
}

/** The outcome of `work`, unless the limit passes or the signal aborts first. Leaves no timer and no listener behind. */
export function bounded<Result>(work: Promise<Result>, bounds: Bounds): Promise<Result> {
  return boundedCall((resolve, reject) => {
    work.then(resolve, reject);
  }, bounds);
}

/** The same for work that calls back; `start` is called as by `new Promise`. */
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

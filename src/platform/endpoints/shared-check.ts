// Checks a dependency without piling up: only one check runs at a time, with a time limit, and all callers within a short time
// share its result.
import { setTimeout as sleep } from "node:timers/promises";

interface SharedCheckOptions {
  /** A check that takes longer fails, in milliseconds. */
  limitMs: number;
  /** How long a result is reused, in milliseconds. */
  keepMs: number;
  now?: () => number;
}

/**
 * Returns a function that resolves with true if `check` resolves in time, otherwise with false; it never rejects. While a late
 * check is still running, new callers wait for that one for up to `limitMs`, so `check` must end by itself eventually.
 */
export function sharedCheck(check: () => Promise<unknown>, options: SharedCheckOptions): () => Promise<boolean> {
  const { limitMs, keepMs, now = () => performance.now() } = options;
  let running: Promise<boolean> | undefined;
  let latest: Promise<boolean> | undefined;
  let settledAt: number | undefined;

  function startCheck(): Promise<boolean> {
    const passed = Promise.resolve()
      .then(check)
      .then(
        () => true,
        () => false,
      );
    return passed.finally(() => {
      running = undefined;
    });
  }

  async function limited(): Promise<boolean> {
    const ended = new AbortController();
    const timeUp = sleep(limitMs, false, { signal: ended.signal }).catch(() => false);
    running ??= startCheck();
    const passed = await Promise.race([running, timeUp]);
    ended.abort();
    settledAt = now();
    return passed;
  }

  return function checkShared() {
    const fresh = settledAt === undefined || now() - settledAt < keepMs;
    if (latest === undefined || !fresh) {
      settledAt = undefined;
      latest = limited();
    }
    return latest;
  };
}

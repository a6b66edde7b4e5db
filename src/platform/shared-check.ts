// A check of a dependency that never piles up: however many ask, one runs, for a limited time, and its result serves all
// that ask soon after.
import { setTimeout as sleep } from "node:timers/promises";

interface SharedCheckOptions {
  /** A check that takes longer has failed. */
  limitMs: number;
  /** For how long a result is not checked again. */
  keepMs: number;
  now?: () => number;
}

/** True when `check` resolved in time, false when it rejected or did not. Never rejects. */
export function sharedCheck(check: () => Promise<unknown>, options: SharedCheckOptions): () => Promise<boolean> {
  const { limitMs, keepMs, now = () => performance.now() } = options;
  let result: Promise<boolean> | undefined;
  let checkedAt = 0;

  async function run(): Promise<boolean> {
    const ended = new AbortController();
    const timeUp = sleep(limitMs, false, { signal: ended.signal }).catch(() => false);
    const passed = check().then(
      () => true,
      () => false,
    );
    const outcome = await Promise.race([passed, timeUp]);
    ended.abort();
    checkedAt = now();
    return outcome;
  }

  return function askShared() {
    if (result === undefined || (checkedAt > 0 && now() - checkedAt >= keepMs)) {
      checkedAt = 0;
      result = run();
    }
    return result;
  };
}

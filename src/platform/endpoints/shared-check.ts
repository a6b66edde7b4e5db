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

/**
 * True when `check` resolved in time, false when it rejected or did not. Never rejects. Those who ask while a late check
 * still runs wait for that one, for `limitMs` each time: so it must end by itself at some time.
 */
export function sharedCheck(check: () => Promise<unknown>, options: SharedCheckOptions): () => Promise<boolean> {
  const { limitMs, keepMs, now = () => performance.now() } = options;
  let running: Promise<boolean> | undefined;
  let asked: Promise<boolean> | undefined;
  let answeredAt: number | undefined;

  function start(): Promise<boolean> {
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
    running ??= start();
    const passed = await Promise.race([running, timeUp]);
    ended.abort();
    answeredAt = now();
    return passed;
  }

  return function askShared() {
    const fresh = answeredAt === undefined || now() - answeredAt < keepMs;
    if (asked === undefined || !fresh) {
      answeredAt = undefined;
      asked = limited();
    }
    return asked;
  };
}

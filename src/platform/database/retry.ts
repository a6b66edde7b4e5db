// Retries what the server rolled back to break a deadlock, after a random pause: two that retry at once would collide again.
import { setTimeout as sleep } from "node:timers/promises";
import { bounded } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { isDeadlock } from "./errors.ts";

/** With full jitter, two rivals hardly ever collide this often in a row. */
const maxAttempts = 8;
const firstPauseMs = 10;
const longestPauseMs = 200;

interface RetryOptions {
  signal: CancelSignal | undefined;
  /** Called before each retry. */
  onRetry: () => void;
  /** Returns 0 to 1, for the jitter. */
  random?: () => number;
}

/**
 * Runs `attempt` again after each deadlock, up to 8 times in all. An attempt must be all or nothing.
 *
 * @throws what {@link pauseAfterDeadlock} throws.
 */
export async function retryDeadlocks<Result>(attempt: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      await pauseAfterDeadlock(error, tries, options);
    }
  }
}

/**
 * Waits before the next try, after the `tries`th one failed with `error`: up to 10, 20, 40 … 200 ms ("full jitter", AWS
 * Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @throws `error` unless it is a deadlock; {Problem} database_unavailable after 8 tries; the reason of `signal`.
 */
export async function pauseAfterDeadlock(
  error: unknown,
  tries: number,
  { signal, onRetry, random = Math.random }: RetryOptions,
): Promise<void> {
  if (!isDeadlock(error)) throw error;
  if (tries === maxAttempts) throw new Problem("database_unavailable", { cause: error });
  onRetry();
  const pauseMs = random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
  await bounded(sleep(pauseMs), { signal });
}

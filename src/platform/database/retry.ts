// Runs again what the server gave up to end a deadlock. Two that meet in one would meet again: each waits its own while.
import { setTimeout as sleep } from "node:timers/promises";
import { bounded } from "../request/bounded.ts";
import type { CancelSignal } from "../request/cancel-signal.ts";
import { Problem } from "../request/problem.ts";
import { isDeadlock } from "./errors.ts";

/** With a full jitter each try has a fresh chance: with two in a deadlock, seven in a row are one in thousands. */
const attempts = 8;
const firstPauseMs = 10;
const longestPauseMs = 200;

interface RetryOptions {
  signal: CancelSignal | undefined;
  /** Called before each further try. */
  onRetry: () => void;
  /** From 0 to 1. */
  random?: () => number;
}

/**
 * Runs `attempt` until it does not end in a deadlock, up to 8 times. An attempt must be all or nothing.
 *
 * @throws what {@link pauseAfterDeadlock} does.
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
 * Waits before the next try of what failed with `error` for the `tries`th time: up to 10, 20, 40 … 200 ms ("full jitter", AWS
 * Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @throws `error` when it is no deadlock; {Problem} database_unavailable after 8 tries; the reason of `signal`.
 */
export async function pauseAfterDeadlock(
  error: unknown,
  tries: number,
  { signal, onRetry, random = Math.random }: RetryOptions,
): Promise<void> {
  if (!isDeadlock(error)) throw error;
  if (tries === attempts) throw new Problem("database_unavailable", { cause: error });
  onRetry();
  const pauseMs = random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
  await bounded(sleep(pauseMs), { signal });
}

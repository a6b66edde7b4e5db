// Lets the service start before its database: containers and machines come up in any order.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { Problem } from "../request/problem.ts";
import { databaseError, isAccessRefused } from "./errors.ts";

const firstPauseMs = 100;
const longestPauseMs = 1000;

interface WaitOptions {
  log: Logger;
  /** Ends the wait and rejects with its reason. */
  signal: AbortSignal;
  /** Returns 0 to 1, for the jitter. */
  random?: () => number;
}

/**
 * Retries `work` while the database is unavailable, after 0.1 to 1 s with jitter so that replicas don't all retry at once.
 * Logs a warning once. Rejects at once with any other error, such as a wrong password or an invalid statement.
 */
export async function whenAvailable<Result>(
  work: () => Promise<Result>,
  { log, signal, random = Math.random }: WaitOptions,
): Promise<Result> {
  const startedAt = performance.now();
  for (let pauseMs = firstPauseMs, tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      const result = await work();
      if (tries > 1) log.info({ waitedMs: Math.round(performance.now() - startedAt) }, "database available");
      return result;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const level = tries === 1 ? "warn" : "debug";
      log[level]({ err: error }, "database unavailable: waiting for it, not ready until then");
    }
    await sleep(pauseMs * (0.5 + 0.5 * random()), undefined, { signal }).catch(() => signal.throwIfAborted());
    pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
  }
}

function isUnavailable(error: unknown): boolean {
  const mapped = databaseError(error);
  return mapped instanceof Problem && mapped.type === "database_unavailable" && !isAccessRefused(mapped);
}

// Starting does not need the database to be there first: containers and machines come up in any order.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { Problem } from "../request/problem.ts";
import { databaseError, meansRefusal } from "./errors.ts";

const firstPauseMs = 100;
const longestPauseMs = 1000;

interface WaitOptions {
  log: Logger;
  /** Ends the wait, with its reason. */
  signal: AbortSignal;
  /** From 0 to 1. */
  random?: () => number;
}

/**
 * Runs `work` until the database is there for it: again after 0.1 to 1 s, with jitter, so that replicas do not come all at
 * once. Says so once. Rejects with what is not the absence of the database: a wrong password, or a wrong statement.
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
      if (tries > 1) log.info({ waitedMs: Math.round(performance.now() - startedAt) }, "the database is there");
      return result;
    } catch (error) {
      if (!isAbsence(error)) throw error;
      const level = tries === 1 ? "warn" : "debug";
      log[level]({ err: error }, "the database is not there: waiting for it, not ready until then");
    }
    await sleep(pauseMs * (0.5 + 0.5 * random()), undefined, { signal }).catch(() => signal.throwIfAborted());
    pauseMs = Math.min(longestPauseMs, 2 * pauseMs);
  }
}

function isAbsence(error: unknown): boolean {
  const known = databaseError(error);
  return known instanceof Problem && known.type === "database_unavailable" && !meansRefusal(known);
}

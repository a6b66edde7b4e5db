// What counts as slow or too much, in the panels' units, from the service's targets and defaults.
import type { Limits } from "../builders/panel.ts";

/** The target is 200 ms for most endpoints; SLOW_REQUEST_MS is 1 s. */
export const requestSeconds: Limits = { warn: 0.2, bad: 1 };
/** The target is 50 ms; SLOW_QUERY_MS is 500 ms. */
export const querySeconds: Limits = { warn: 0.05, bad: 0.5 };
/** Any wait is a sign; DB_POOL_WAIT_MS (500 ms) ends it. `bad` is a little below, where waits do not time out yet. */
export const poolWaitSeconds: Limits = { warn: 0.05, bad: 0.4 };
/** ADMISSION_NEWEST_FIRST_MS (100 ms) means overload; ADMISSION_WAIT_MS (250 ms) ends the wait. */
export const queueWaitSeconds: Limits = { warn: 0.1, bad: 0.2 };
/** Half of LOOP_DELAY_SHED_MS (200 ms), and all of it. */
export const loopSeconds: Limits = { warn: 0.1, bad: 0.2 };
/** Above 0.7 a burst makes requests wait for the CPU; at 1 there is none left. */
export const loopShare: Limits = { warn: 0.7, bad: 0.95 };
/** The target is 70 %; at 90 % (MEMORY_SHED_PERCENT) low-priority requests are shed. */
export const memoryShare: Limits = { warn: 0.7, bad: 0.9 };
/** 99.9 % availability is the target, 1 % the limit for timeouts. */
export const errorShare: Limits = { warn: 0.001, bad: 0.01 };
/** One minus {@link errorShare}. */
export const availability: Limits = { warn: 0.999, bad: 0.99 };
/** 1 % is the limit; half of it is close. */
export const timeoutShare: Limits = { warn: 0.005, bad: 0.01 };
/** At 1 the budget lasts exactly 30 days; at 14.4, which wakes somebody (otel/rules/availability.yml), two. */
export const budgetBurn: Limits = { warn: 1, bad: 14.4 };
/** Any is worth a look; ten is as many as the pool's overflow connections. */
export const waiting: Limits = { warn: 1, bad: 10 };
/** Use of the kept connections (5 of 15) is normal; with all in use, requests wait. */
export const poolShare: Limits = { warn: 0.7, bad: 1 };
/** Any is worth a look; one a second is a pattern. */
export const slowQueriesAMinute: Limits = { warn: 0.1, bad: 60 };
/** Lost telemetry stays lost: any is worth a look, ten a second leaves gaps. */
export const lostAMinute: Limits = { warn: 0.1, bad: 600 };
/** An open breaker refuses every call to its dependency. */
export const breakersOpen: Limits = { warn: 0.5, bad: 1 };
/** Checking a token takes less than a millisecond when its key is known. */
export const authSeconds: Limits = { warn: 0.05, bad: 0.2 };
/** A queue fills when its receiver is slow or down; a full one refuses data. */
export const sendQueueShare: Limits = { warn: 0.3, bad: 0.9 };

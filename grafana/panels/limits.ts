// What counts as slow or as too much, in the panels' units: from the service's targets and its defaults.
import type { Limits } from "../builders/panel.ts";

/** The target is 200 ms for most endpoints; SLOW_REQUEST_MS is 1 s. */
export const requestSeconds: Limits = { warn: 0.2, bad: 1 };
/** The target is 50 ms; SLOW_QUERY_MS is 500 ms. */
export const querySeconds: Limits = { warn: 0.05, bad: 0.5 };
/** A wait at all is a sign; DB_POOL_WAIT_MS (500 ms) ends it. The figures stay a little below what is cut off. */
export const poolWaitSeconds: Limits = { warn: 0.05, bad: 0.4 };
/** ADMISSION_NEWEST_FIRST_MS (100 ms) says that there is too much; ADMISSION_WAIT_MS (250 ms) ends the wait. */
export const queueWaitSeconds: Limits = { warn: 0.1, bad: 0.2 };
/** Nothing of a request takes its share of 200 ms when it waits longer; from half of LOOP_DELAY_SHED_MS (200 ms) on. */
export const loopSeconds: Limits = { warn: 0.1, bad: 0.2 };
/** From 0.7 on a burst makes requests wait for the processor; at 1 there is none left. */
export const loopShare: Limits = { warn: 0.7, bad: 0.95 };
/** The target is 70 %; at 90 % (MEMORY_SHED_PERCENT) the lowest class is refused. */
export const memoryShare: Limits = { warn: 0.7, bad: 0.9 };
/** 99.9 % availability is the target, 1 % the limit for timeouts. */
export const errorShare: Limits = { warn: 0.001, bad: 0.01 };
/** The same, seen from the other side. */
export const availability: Limits = { warn: 0.999, bad: 0.99 };
/** 1 % is the limit; half of it is close. */
export const timeoutShare: Limits = { warn: 0.005, bad: 0.01 };
/** A quarter left: time to stop what spends it. None left: the target is missed. */
export const budgetShare: Limits = { warn: 0.25, bad: 0 };
/** Any is worth a look; at ten, as many wait as the pool has overflow connections. */
export const waiting: Limits = { warn: 1, bad: 10 };
/** Up to the kept connections (5 of 15) is everyday; with all in use, requests wait. */
export const poolShare: Limits = { warn: 0.7, bad: 1 };
/** Any is worth a look; one a second is a pattern. */
export const slowQueriesASecond: Limits = { warn: 0.001, bad: 1 };
/** What is lost cannot be looked at later: any is worth a look, ten a second leaves holes. */
export const lostASecond: Limits = { warn: 0.001, bad: 10 };
/** A queue that fills is a receiver that is slow or away; what comes when it is full is refused. */
export const sendQueueShare: Limits = { warn: 0.3, bad: 0.9 };

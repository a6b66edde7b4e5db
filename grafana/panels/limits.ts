// What counts as slow or as too much, in the panels' units: from the service's targets and its defaults.
import type { Limits } from "../builders/panel.ts";

/** The target is 200 ms for most endpoints; SLOW_REQUEST_MS is 1 s. */
export const requestSeconds: Limits = { warn: 0.2, bad: 1 };
/** The target is 50 ms; SLOW_QUERY_MS is 500 ms. */
export const querySeconds: Limits = { warn: 0.05, bad: 0.5 };
/** A wait at all is a sign; DB_POOL_WAIT_MS (500 ms) ends it. */
export const poolWaitSeconds: Limits = { warn: 0.05, bad: 0.5 };
/** 99.9 % availability is the target, 1 % the limit for timeouts. */
export const errorShare: Limits = { warn: 0.001, bad: 0.01 };
/** Any is worth a look; at ten, as many wait as the pool has overflow connections. */
export const waiting: Limits = { warn: 1, bad: 10 };
/** Any is worth a look; one a second is a pattern. */
export const slowQueriesASecond: Limits = { warn: 0.001, bad: 1 };

// Panels about the database: what its queries cost, and what requests wait for before theirs can start.
import { stat, timeSeries } from "../builders/panel.ts";
import { level, quantile, rate } from "../builders/promql.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { poolWaitSeconds, querySeconds, slowQueriesASecond, waiting } from "./limits.ts";

const { poolConnections, poolMax, poolTimeouts, poolWait, poolWaiting, queryDuration, slowQueries } = metrics;
const summary = "db_query_summary";
const byQuery = { by: [summary] };

export const slowQueriesNow = stat(
  {
    title: "Slow queries",
    description:
      "Queries over SLOW_QUERY_MS (0.5 s), a second. Each has a warning line in the log with the statement and the trace id. Which ones: see Slow queries below.",
    unit: "cps",
    limits: slowQueriesASecond,
  },
  rate(slowQueries),
);

export const waitingNow = stat(
  {
    title: "Waiting for a connection",
    description:
      "Requests that wait for a database connection at this moment. More than none for more than a moment: the pool is exhausted. Make the slow queries faster before you make the pool larger.",
    unit: "none",
    limits: waiting,
  },
  level(poolWaiting),
);

export const queryRate = timeSeries(
  {
    title: "Queries",
    description:
      "Queries a second by name. One that grows faster than the requests is run in a loop: load what it fetches at once.",
    unit: "ops",
  },
  [{ expr: rate(queryDuration, byQuery), legend: `{{${summary}}}` }],
  { stacked: true },
);

export const queryLatency = timeSeries(
  {
    title: "Query time p95",
    description:
      "One query in 20 takes longer than this. The target is 50 ms. One name high: EXPLAIN it, an index is missing. All high: the database itself is busy.",
    unit: "s",
    limits: querySeconds,
  },
  [{ expr: quantile(0.95, queryDuration, byQuery), legend: `{{${summary}}}` }],
);

export const slowQueryRate = timeSeries(
  {
    title: "Slow queries by name",
    description:
      "Queries over SLOW_QUERY_MS (0.5 s), a second. The log has the statement of each; the trace of its request shows what else waited for it.",
    unit: "cps",
  },
  [{ expr: rate(slowQueries, byQuery), legend: `{{${summary}}}` }],
  { stacked: true },
);

export const poolUse = timeSeries(
  {
    title: "Connections",
    description:
      "Database connections of the chosen instances, in use and idle, and how many there may be. In use at the limit: requests wait. Long at the limit with few queries: something holds a connection without using it.",
    unit: "none",
  },
  [
    { expr: connections("used"), legend: "in use", color: colors.used },
    { expr: connections("idle"), legend: "idle", color: colors.idle },
    { expr: level(poolMax), legend: "limit", color: colors.limit },
  ],
);

export const poolQueue = timeSeries(
  {
    title: "Connection queue",
    description:
      "Requests that wait for a connection, and those a second that gave up after DB_POOL_WAIT_MS (0.5 s) and were answered with 504. Shorten what holds connections: the slowest queries, then transactions.",
    unit: "none",
    limits: waiting,
  },
  [
    { expr: level(poolWaiting), legend: "waiting", color: colors.waiting },
    { expr: rate(poolTimeouts), legend: "gave up, a second" },
  ],
);

export const poolWaitTime = timeSeries(
  {
    title: "Wait for a connection p95",
    description:
      "One request in 20 waits longer than this before its query can start. It is part of the request's time but not of the query's. Near zero is normal; DB_POOL_WAIT_MS (0.5 s) ends it.",
    unit: "s",
    limits: poolWaitSeconds,
  },
  [{ expr: quantile(0.95, poolWait), legend: "p95", color: colors.p95 }],
);

function connections(state: "used" | "idle"): string {
  return level(poolConnections, { where: [`db_client_connection_state="${state}"`] });
}

// Panels about the database: what its queries cost, and what requests wait for before theirs can start.
import { stat, timeSeries } from "../builders/panel.ts";
import { fullest, level, quantile, rate, share, total, totalBusy, wholeRange } from "../builders/promql.ts";
import { table } from "../builders/table.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { errorShare, poolShare, poolWaitSeconds, querySeconds, slowQueriesASecond, waiting } from "./limits.ts";
import { findTraces } from "./traces.ts";

const { killedQueries, poolConnections, poolMax, poolTimeouts, poolWait, poolWaiting } = metrics;
const { queryDuration, retriedQueries, slowQueries } = metrics;
const summary = "db_query_summary";
const fingerprint = "db_query_fingerprint";
const byQuery = { by: [summary] };
const overRange = { ...byQuery, window: wholeRange };
const failed = 'error_type!=""';
// These counters start at zero without a name, so that "none so far" can be told from "no data".
const named = { ...byQuery, where: [`${summary}!=""`] };
const printed = { by: [summary, fingerprint], where: [`${fingerprint}!=""`] };
const inUse = 'db_client_connection_state="used"';

export const poolUseNow = stat(
  {
    title: "Pool in use",
    description:
      "Share of the connections that are in use, of the instance with the fullest pool. At 100 % the next request waits. Long at 100 % with few queries: something holds a connection without using it, such as a transaction around a call.",
    unit: "percentunit",
    limits: poolShare,
  },
  fullest(poolConnections, poolMax, ["service_instance_id", "db_client_connection_pool_name"], { where: [inUse] }),
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

export const poolWaitNow = stat(
  {
    title: "Wait for a connection p95, now",
    description:
      "One request in 20 waits longer than this before its query can start. Near zero is normal; DB_POOL_WAIT_MS (0.5 s) ends it with 504. High: all connections are in use, so look for the queries that hold them.",
    unit: "s",
    limits: poolWaitSeconds,
  },
  quantile(0.95, poolWait),
);

export const queryTimeNow = stat(
  {
    title: "Query time p95, now",
    description:
      "One query in 20 takes longer than this, without the wait for a connection. The target is 50 ms. The graphs below say which query; the wait for a connection is a figure of its own.",
    unit: "s",
    limits: querySeconds,
  },
  quantile(0.95, queryDuration),
);

export const slowQueriesNow = stat(
  {
    title: "Slow queries",
    description:
      "Queries over SLOW_QUERY_MS (0.5 s), a second. Each has a warning line in the log with the statement, its fingerprint and the trace id. Which ones: see the table of slow queries.",
    unit: "cps",
    limits: slowQueriesASecond,
  },
  rate(slowQueries),
);

export const queryErrorsNow = stat(
  {
    title: "Query errors",
    description:
      "Share of the queries that failed: timeouts, lost connections, deadlocks, wrong SQL. Query errors, below, says which and why; when all fail at once the database is away, and its breaker on Service and protection is open.",
    unit: "percentunit",
    limits: errorShare,
  },
  share(queryDuration, failed),
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

export const queryErrors = timeSeries(
  {
    title: "Query errors by name",
    description:
      "Queries that failed, a second, and with what. query_timeout: over DB_QUERY_TIMEOUT_MS (1.5 s) and stopped in the database. ER_LOCK_DEADLOCK: two transactions in each other's way, so take locks in one order. Lost connections come with a restart of the database.",
    unit: "cps",
  },
  [
    {
      expr: rate(queryDuration, { by: [summary, "error_type"], where: [failed] }),
      legend: `{{error_type}} {{${summary}}}`,
    },
  ],
  { stacked: true },
);

export const queryEndings = timeSeries(
  {
    title: "Killed and retried queries",
    description:
      "A second, by name. Killed: stopped in the server past their limit or without a client, so that they do no work for nobody. Retried: run again after a lost connection or a deadlock. Many kills of one query: it is too slow for its limit.",
    unit: "cps",
  },
  [
    { expr: rate(killedQueries, named), legend: `killed {{${summary}}}` },
    { expr: rate(retriedQueries, named), legend: `retried {{${summary}}}` },
  ],
  { stacked: true },
);

export const slowQueryRate = timeSeries(
  {
    title: "Slow queries by name",
    description:
      "Queries over SLOW_QUERY_MS (0.5 s), a second. The log has the statement of each; the trace of its request shows what else waited for it. EXPLAIN the one that leads.",
    unit: "cps",
  },
  [{ expr: rate(slowQueries, named), legend: `{{${summary}}}` }],
  { stacked: true },
);

export const slowQueryTable = table(
  {
    title: "Slow queries by fingerprint",
    description:
      "Statements that took over SLOW_QUERY_MS (0.5 s) in the time range above, most frequent first. A fingerprint is one statement, whatever its values; a click finds its traces, and the log line with it has the statement. EXPLAIN that.",
    unit: "none",
  },
  {
    keys: [
      { label: summary, title: "Query" },
      {
        label: fingerprint,
        title: "Fingerprint",
        link: findTraces("Traces with this statement", {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
          tags: "db.query.fingerprint=${__value.raw}",
        }),
      },
    ],
    sortedBy: "Times",
    columns: [
      { title: "Times", expr: total(slowQueries, printed), unit: "short" },
      { title: "A second, now", expr: rate(slowQueries, printed), unit: "cps", limits: slowQueriesASecond },
    ],
  },
);

export const queryTable = table(
  {
    title: "Queries by the time they take",
    description:
      "Every query in the time range above, the one that took most of the database's time first: that is where an index or a cache saves most, also when no single run is slow. Click a heading to sort by another column.",
    unit: "none",
  },
  {
    keys: [{ label: summary, title: "Query" }],
    sortedBy: "Total",
    columns: [
      { title: "p50", expr: quantile(0.5, queryDuration, overRange), unit: "s", limits: querySeconds },
      { title: "p95", expr: quantile(0.95, queryDuration, overRange), unit: "s", limits: querySeconds },
      { title: "Total", expr: totalBusy(queryDuration, byQuery), unit: "s" },
      { title: "Runs", expr: total(queryDuration, byQuery), unit: "short" },
      { title: "Errors", expr: share(queryDuration, failed, overRange), unit: "percentunit", limits: errorShare },
    ],
  },
);

export const poolUse = timeSeries(
  {
    title: "Connections",
    description:
      "Database connections of the chosen instances, in use and idle, and how many there may be. In use at the limit: requests wait. Long at the limit with few queries: something holds a connection without using it.",
    unit: "none",
  },
  [
    { expr: connections("used"), legend: "in use", color: colors["in use"] },
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
    {
      expr: level(poolWaiting),
      legend: "waiting for a connection",
      color: colors["waiting for a connection"],
    },
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

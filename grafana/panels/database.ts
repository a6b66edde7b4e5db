// Panels about the database: what queries cost, and how long requests wait for a connection.
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
// These counters start at zero without a name, to tell "none so far" from "no data".
const named = { ...byQuery, where: [`${summary}!=""`] };
const withFingerprint = { by: [summary, fingerprint], where: [`${fingerprint}!=""`] };
const inUse = 'db_client_connection_state="used"';

export const poolUseNow = stat(
  {
    title: "Pool in use",
    description:
      "Share of connections in use on the instance with the fullest pool. At 100 % the next request waits. At 100 % for long with few queries: something holds a connection without using it, such as a transaction around an outbound call.",
    unit: "percentunit",
    limits: poolShare,
  },
  fullest(poolConnections, poolMax, ["service_instance_id", "db_client_connection_pool_name"], { where: [inUse] }),
);

export const waitingNow = stat(
  {
    title: "Waiting for a connection",
    description:
      "Requests currently waiting for a database connection. Above zero for more than a moment: the pool is exhausted. Speed up slow queries before you enlarge the pool.",
    unit: "none",
    limits: waiting,
  },
  level(poolWaiting),
);

export const poolWaitNow = stat(
  {
    title: "Wait for a connection p95, now",
    description:
      "One request in 20 waits longer than this before its query can start. Near zero is normal; after DB_POOL_WAIT_MS (0.5 s) the request fails with 504. High: all connections are in use, so look for the queries that hold them.",
    unit: "s",
    limits: poolWaitSeconds,
  },
  quantile(0.95, poolWait),
);

export const queryTimeNow = stat(
  {
    title: "Query time p95, now",
    description:
      "One query in 20 takes longer than this, without the wait for a connection. The target is 50 ms. The graphs below show which query; the wait for a connection has its own figure.",
    unit: "s",
    limits: querySeconds,
  },
  quantile(0.95, queryDuration),
);

export const slowQueriesNow = stat(
  {
    title: "Slow queries",
    description:
      "Queries slower than SLOW_QUERY_MS (0.5 s), a second. The log has a warning for each, with statement, fingerprint and trace id. The table of slow queries shows which.",
    unit: "cps",
    limits: slowQueriesASecond,
  },
  rate(slowQueries),
);

export const queryErrorsNow = stat(
  {
    title: "Query errors",
    description:
      "Share of failed queries: timeouts, lost connections, deadlocks, invalid SQL. Query errors by name, below, shows which and why. When all fail at once, the database is down and its breaker on Service and protection is open.",
    unit: "percentunit",
    limits: errorShare,
  },
  share(queryDuration, failed),
);

export const queryRate = timeSeries(
  {
    title: "Queries",
    description:
      "Queries a second by name. A query that grows faster than the requests runs in a loop: fetch its rows with a single query.",
    unit: "ops",
  },
  [{ expr: rate(queryDuration, byQuery), legend: `{{${summary}}}` }],
  { stacked: true },
);

export const queryLatency = timeSeries(
  {
    title: "Query time p95",
    description:
      "One query in 20 takes longer than this. The target is 50 ms. One name is high: EXPLAIN it, an index is missing. All are high: the database itself is busy.",
    unit: "s",
    limits: querySeconds,
  },
  [{ expr: quantile(0.95, queryDuration, byQuery), legend: `{{${summary}}}` }],
);

export const queryErrors = timeSeries(
  {
    title: "Query errors by name",
    description:
      "Failed queries a second, by error. query_timeout: slower than DB_QUERY_TIMEOUT_MS (1.5 s), killed in the database. ER_LOCK_DEADLOCK: two transactions block each other, so take locks in a fixed order. Lost connections: the database restarted.",
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
      "Queries a second, by name. Killed: stopped in the server after its time limit, or after its client left. Retried: run again after a lost connection or a deadlock. Many kills of one query: it is too slow for its limit.",
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
      "Queries slower than SLOW_QUERY_MS (0.5 s), a second. The log has each statement; the request's trace shows what else waited for it. EXPLAIN the most frequent query first.",
    unit: "cps",
  },
  [{ expr: rate(slowQueries, named), legend: `{{${summary}}}` }],
  { stacked: true },
);

export const slowQueryTable = table(
  {
    title: "Slow queries by fingerprint",
    description:
      "Statements slower than SLOW_QUERY_MS (0.5 s) in the time range above, most frequent first. A fingerprint identifies a statement regardless of its values. Click it to find its traces; the log line with it has the statement to EXPLAIN.",
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
      { title: "Times", expr: total(slowQueries, withFingerprint), unit: "short" },
      { title: "Per second, now", expr: rate(slowQueries, withFingerprint), unit: "cps", limits: slowQueriesASecond },
    ],
  },
);

export const queryTable = table(
  {
    title: "Queries by the time they take",
    description:
      "Every query in the time range above, by total database time. An index or a cache saves most at the top, even when no single run is slow. Click a heading to sort by another column.",
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
      "Database connections of the selected instances, in use and idle, and their limit. In use at the limit: requests wait. At the limit for long with few queries: something holds a connection without using it.",
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
      "Requests waiting for a connection, and requests a second that gave up after DB_POOL_WAIT_MS (0.5 s) with 504. Shorten what holds connections: the slowest queries first, then transactions.",
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
      "One request in 20 waits longer than this before its query can start. The wait counts towards the request's time but not the query's. Near zero is normal; DB_POOL_WAIT_MS (0.5 s) is the limit.",
    unit: "s",
    limits: poolWaitSeconds,
  },
  [{ expr: quantile(0.95, poolWait), legend: "p95", color: colors.p95 }],
);

function connections(state: "used" | "idle"): string {
  return level(poolConnections, { where: [`db_client_connection_state="${state}"`] });
}

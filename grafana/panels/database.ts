// Panels about the database: what queries cost, and how long requests wait for a connection.
import { logLines } from "../builders/links.ts";
import { aMinute } from "../builders/panel.ts";
import {
  level,
  perMinute,
  quantile,
  rate,
  type Scope,
  share,
  total,
  totalBusy,
  wholeRange,
} from "../builders/promql.ts";
import { largest, others } from "../builders/ranking.ts";
import { table } from "../builders/table.ts";
import { timeSeries } from "../builders/time-series.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { errorShare, poolWaitSeconds, querySeconds, slowQueriesAMinute, waiting } from "./limits.ts";
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
const top = { limit: 5, scope: byQuery };
const name = `{{${summary}}}`;

export const queryRate = timeSeries(
  {
    title: "Queries",
    description:
      "Queries a second: the five most frequent and all others. A query that grows faster than the requests runs in a loop: fetch its rows with a single query.",
    unit: "ops",
  },
  [
    { expr: largest((scope: Scope) => rate(queryDuration, scope), top), legend: name },
    { expr: others((scope: Scope) => rate(queryDuration, scope), top), legend: "others", color: colors.others },
  ],
  { stacked: true },
);

export const queryLatency = timeSeries(
  {
    title: "Query time p95",
    description:
      "One query in 20 takes longer than this; the five slowest. The target is 50 ms. One name is high: EXPLAIN it, an index is missing. All are high: the database itself is busy.",
    unit: "s",
    limits: querySeconds,
  },
  [{ expr: largest((scope: Scope) => quantile(0.95, queryDuration, scope), top), legend: name }],
);

export const queryErrors = timeSeries(
  {
    title: "Query errors by name",
    description:
      "Failed queries a minute, by error. query_timeout: slower than DB_QUERY_TIMEOUT_MS (1.5 s), killed in the database. ER_LOCK_DEADLOCK: two transactions block each other, so take locks in a fixed order. Lost connections: the database restarted.",
    unit: aMinute,
  },
  [
    {
      expr: perMinute(queryDuration, { by: [summary, "error_type"], where: [failed] }),
      legend: `{{error_type}} ${name}`,
    },
  ],
  { stacked: true, failures: true },
);

export const queryEndings = timeSeries(
  {
    title: "Killed and retried queries",
    description:
      "Queries a minute, by name. Killed: stopped in the server after its time limit, or after its client left. Retried: run again after a lost connection or a deadlock. Many kills of one query: it is too slow for its limit.",
    unit: aMinute,
  },
  [
    { expr: perMinute(killedQueries, named), legend: `killed ${name}` },
    { expr: perMinute(retriedQueries, named), legend: `retried ${name}` },
  ],
  { stacked: true, failures: true },
);

export const slowQueryRate = timeSeries(
  {
    title: "Slow queries by name",
    description:
      "Queries slower than SLOW_QUERY_MS (0.5 s), a minute. The log has each statement; the request's trace shows what else waited for it. EXPLAIN the most frequent query first.",
    unit: aMinute,
  },
  [{ expr: perMinute(slowQueries, named), legend: name }],
  { stacked: true },
);

export const slowQueryTable = table(
  {
    title: "Slow queries by fingerprint",
    description:
      "Statements slower than SLOW_QUERY_MS (0.5 s) in the time range above, most frequent first. A fingerprint identifies a statement regardless of its values. Click it for its traces, or for its log lines, which have the statement to EXPLAIN.",
    unit: "none",
  },
  {
    keys: [
      { label: summary, title: "Query" },
      {
        label: fingerprint,
        title: "Fingerprint",
        width: 100,
        links: [
          // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
          findTraces("Traces with this statement", { tags: "db.query.fingerprint=${__value.raw}" }),
          logLines("Log lines with this statement", '"service.name":="${service}" fingerprint:="${__value.raw}"'),
          // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
        ],
      },
    ],
    sortedBy: "Times",
    columns: [
      { title: "Times", expr: total(slowQueries, withFingerprint), unit: "short", decimals: 0 },
      {
        title: "Per min",
        expr: perMinute(slowQueries, withFingerprint),
        unit: "none",
        decimals: 0,
        limits: slowQueriesAMinute,
      },
    ],
    empty: "No slow query in this time range",
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
      { title: "p95", expr: quantile(0.95, queryDuration, overRange), unit: "s", limits: querySeconds },
      { title: "Total", expr: totalBusy(queryDuration, byQuery), unit: "s" },
      { title: "Runs", expr: total(queryDuration, byQuery), unit: "short", decimals: 0 },
      {
        title: "Errors",
        expr: share(queryDuration, failed, overRange),
        unit: "percentunit",
        decimals: 1,
        limits: errorShare,
      },
    ],
    empty: "No query in this time range",
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

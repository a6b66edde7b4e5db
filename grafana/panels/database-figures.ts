// Figures about the database, each with a link to the panel that explains it.
import { explainedBy } from "../builders/links.ts";
import { aMinute } from "../builders/panel.ts";
import { fullest, level, perMinute, quantile, share } from "../builders/promql.ts";
import { stat } from "../builders/stat.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { errorShare, poolShare, poolWaitSeconds, querySeconds, slowQueriesAMinute, waiting } from "./limits.ts";

const { poolConnections, poolMax, poolWait, poolWaiting, queryDuration, slowQueries } = metrics;
const failed = 'error_type!=""';
const inUse = 'db_client_connection_state="used"';

export const poolUseNow = stat(
  {
    title: "Pool in use",
    link: explainedBy(frames.database, "Connections"),
    description:
      "Share of connections in use on the instance with the fullest pool. At 100 % the next request waits. At 100 % for long with few queries: something holds a connection without using it, such as a transaction around an outbound call.",
    unit: "percentunit",
    limits: poolShare,
  },
  fullest(poolConnections, poolMax, ["service_instance_id", "db_client_connection_pool_name"], { where: [inUse] }),
);

export const waitingNow = stat(
  {
    title: "Waiting",
    link: explainedBy(frames.database, "Connection queue"),
    description:
      "Requests currently waiting for a database connection. Above zero for more than a moment: the pool is exhausted. Speed up slow queries before you enlarge the pool.",
    unit: "none",
    limits: waiting,
  },
  level(poolWaiting),
);

export const poolWaitNow = stat(
  {
    title: "Pool wait p95",
    link: explainedBy(frames.database, "Wait for a connection p95"),
    description:
      "One request in 20 waits longer than this before its query can start. Near zero is normal; after DB_POOL_WAIT_MS (0.5 s) the request fails with 504. High: all connections are in use, so look for the queries that hold them.",
    unit: "s",
    limits: poolWaitSeconds,
  },
  quantile(0.95, poolWait),
);

export const queryTimeNow = stat(
  {
    title: "Query p95",
    link: explainedBy(frames.database, "Query time p95"),
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
    link: explainedBy(frames.database, "Slow queries by fingerprint"),
    description:
      "Queries slower than SLOW_QUERY_MS (0.5 s), a minute. The log has a warning for each, with statement, fingerprint and trace id. The table of slow queries shows which.",
    unit: aMinute,
    decimals: 0,
    limits: slowQueriesAMinute,
  },
  perMinute(slowQueries),
);

export const queryErrorsNow = stat(
  {
    title: "Query errors",
    link: explainedBy(frames.database, "Query errors by name"),
    description:
      "Share of failed queries: timeouts, lost connections, deadlocks, invalid SQL. Query errors by name, below, shows which and why. When all fail at once, the database is down and its breaker on Service and protection is open.",
    unit: "percentunit",
    decimals: 1,
    limits: errorShare,
  },
  share(queryDuration, failed),
);

// The current root cause in one row: six things that requests wait for, each with its limit. Phases are 99th percentiles over all
// requests, including refused and timed-out ones, so problems of a few requests show too.
import { explainedBy } from "../builders/dashboard.ts";
import { type Limits, stat } from "../builders/panel.ts";
import { quantile, routes } from "../builders/promql.ts";
import { type Frame, frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import type { phases } from "./colors.ts";
import { poolWaitSeconds, querySeconds, queueWaitSeconds, requestSeconds } from "./limits.ts";
import { loopDelayNow, memoryNow } from "./runtime.ts";

const { phaseDuration } = metrics;

function cause(phase: keyof typeof phases, title: string, advice: string, limits: Limits, frame: Frame) {
  return stat(
    {
      title,
      description: `One request in 100 currently spends longer than this in the phase ${phase}. ${advice} Click to open ${frame.title}.`,
      unit: "s",
      limits,
      link: explainedBy(frame),
    },
    quantile(0.99, phaseDuration, { where: [...routes, `phase="${phase}"`] }),
  );
}

export const causes = [
  cause(
    "queue",
    "Queue",
    "Red: more requests arrive than the service can finish. Check the figures to the right first for what slows them down. If nothing does, add replicas.",
    queueWaitSeconds,
    frames.service,
  ),
  cause(
    "pool",
    "Pool",
    "Red: all connections are in use. Shorten slow queries and transactions before you enlarge the pool.",
    poolWaitSeconds,
    frames.database,
  ),
  cause(
    "query",
    "Query",
    "It includes all queries of a request. Red: EXPLAIN the slow queries below; an index is missing or the database is busy.",
    querySeconds,
    frames.database,
  ),
  cause(
    "outbound",
    "Outbound",
    "Red: a dependency is slow or down; its breaker opens when calls fail. Call it less often, or not while a client waits.",
    requestSeconds,
    frames.service,
  ),
  loopDelayNow("Event loop"),
  memoryNow("Memory"),
];

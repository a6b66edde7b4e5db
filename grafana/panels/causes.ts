// The root cause of now, in one row: the six things that a request may wait for, each against its limit. Phases are of one
// request in 100, refused and timed-out ones included, so what hits few requests shows too.
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
      description: `One request in 100 spends longer than this in the phase ${phase}, now. ${advice} A click opens ${frame.title}.`,
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
    "Red: more arrives than can be finished. Look right first: what holds the running requests up. If nothing does, add replicas.",
    queueWaitSeconds,
    frames.service,
  ),
  cause(
    "pool",
    "Pool",
    "Red: all connections are in use. Make the slow queries and the transactions shorter before you make the pool larger.",
    poolWaitSeconds,
    frames.database,
  ),
  cause(
    "query",
    "Query",
    "All queries of a request count. Red: see the slow queries below; EXPLAIN them, an index is missing or the database is busy.",
    querySeconds,
    frames.database,
  ),
  cause(
    "outbound",
    "Outbound",
    "Red: a service that is called is slow or away; its breaker opens when it fails. Call it less, or not while a client waits.",
    requestSeconds,
    frames.service,
  ),
  loopDelayNow("Event loop"),
  memoryNow("Memory"),
];

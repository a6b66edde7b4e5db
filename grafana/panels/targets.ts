// The five targets as figures over the selected time range, and the rest of the error budget.
import { stat } from "../builders/panel.ts";
import { budgetLeft, quantile, ratio, remaining, routes, share, wholeRange } from "../builders/promql.ts";
import { metrics } from "../metrics.ts";
import { availability, budgetShare, querySeconds, requestSeconds, timeoutShare } from "./limits.ts";
import { memoryNow } from "./runtime.ts";

const { queryDuration, requestDuration, timeouts } = metrics;
const overRange = { where: routes, window: wholeRange };
const failures = share(requestDuration, 'http_response_status_code=~"5.."', overRange);
/** Availability of 99.9 %. */
const allowedFailures = 0.001;
const figure = { wholeRange: true };

export const targets = [
  stat(
    {
      title: "Latency p95 (target 200 ms)",
      description:
        "95 % of the selected routes' requests got their response within this, in the time range above. Above 200 ms: Slow requests shows which routes, and what they waited for.",
      unit: "s",
      limits: requestSeconds,
    },
    quantile(0.95, requestDuration, overRange),
    figure,
  ),
  stat(
    {
      title: "Timeouts (target < 1 %)",
      description:
        "Share of requests that timed out: deadline, queue wait, pool wait, query or outbound call. Timeouts by cause, below, shows which; each trace shows where the request waited.",
      unit: "percentunit",
      limits: timeoutShare,
    },
    ratio(timeouts, requestDuration, overRange),
    figure,
  ),
  stat(
    {
      title: "Availability (target 99.9 %)",
      description:
        "Share of requests without a 5xx response; deliberate refusals count as failures here. Below the target: Errors by route shows where, Refused whether it was overload.",
      unit: "percentunit",
      limits: availability,
    },
    remaining(failures),
    figure,
  ),
  memoryNow("Memory (target 70 %)"),
  stat(
    {
      title: "Queries p95 (target 50 ms)",
      description:
        "95 % of queries took at most this, without the wait for a connection, in the time range above. Above 50 ms: Database shows which queries; EXPLAIN the slowest.",
      unit: "s",
      limits: querySeconds,
    },
    quantile(0.95, queryDuration, { window: wholeRange }),
    figure,
  ),
  stat(
    {
      title: "Error budget left",
      description:
        "99.9 % availability allows one failure in 1000 requests; this is how much of that is left in the time range above. Below zero: stop the current rollout. Select 30 days for the monthly budget.",
      unit: "percentunit",
      limits: budgetShare,
    },
    budgetLeft(allowedFailures, failures),
    figure,
  ),
];

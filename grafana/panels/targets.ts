// The five targets as figures over the chosen time range, and what is left of the error budget.
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
        "All but one request in 20 of the chosen routes were answered within this, in the time range above. Over 200 ms: Slow requests says which routes, and what they waited for.",
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
        "Share of the requests that a limit ended: deadline, queue wait, pool wait, query or outbound call. Timeouts by cause, below, says which; the trace of each says where it waited.",
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
        "Share of the requests that were not answered with a 5xx status; refusals on purpose count as failures here. Below the target: Errors by route says where, Refused whether it was overload.",
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
        "All but one query in 20 took at most this, without the wait for a connection, in the time range above. Over 50 ms: Database says which queries; EXPLAIN the slowest.",
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
        "99.9 % availability allows one failure in 1000 requests: how much of that is left in the time range above. Below zero it is overspent: stop what is being rolled out. Choose 30 days for the budget of a month.",
      unit: "percentunit",
      limits: budgetShare,
    },
    budgetLeft(allowedFailures, failures),
    figure,
  ),
];

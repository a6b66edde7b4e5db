// The five targets as figures over the selected time range, and how fast the error budget is used up.
import { explainedBy } from "../builders/links.ts";
import { burnRate, quantile, ratio, remaining, routes, share, wholeRange } from "../builders/promql.ts";
import { stat } from "../builders/stat.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { availability, budgetBurn, querySeconds, requestSeconds, timeoutShare } from "./limits.ts";
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
      title: "p95 ≤ 200 ms",
      link: explainedBy(frames.slowRequests, "Latency"),
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
      title: "Timeouts < 1 %",
      link: explainedBy(frames.service, "Timeouts by cause"),
      description:
        "Share of requests that timed out: deadline, queue wait, pool wait, query or outbound call. Timeouts by cause, below, shows which; each trace shows where the request waited.",
      unit: "percentunit",
      decimals: 2,
      limits: timeoutShare,
    },
    ratio(timeouts, requestDuration, overRange),
    figure,
  ),
  stat(
    {
      title: "Good ≥ 99.9 %",
      link: explainedBy(frames.service, "Errors by route"),
      description:
        "Share of requests without a 5xx response; deliberate refusals count as failures here. Below the target: Errors by route shows where, Refused whether it was overload.",
      unit: "percentunit",
      decimals: 2,
      limits: availability,
    },
    remaining(failures),
    figure,
  ),
  memoryNow("Memory ≤ 70 %"),
  stat(
    {
      title: "Query p95 ≤ 50",
      link: explainedBy(frames.database, "Query time p95"),
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
      title: "Budget burn",
      link: explainedBy(frames.service, "Errors by route"),
      description:
        "99.9 % availability allows one failure in 1000 requests. This many times as many failed in the time range above: at 1 the budget of 30 days lasts exactly 30 days, at 14.4 two. Far above 1 since a rollout: stop it.",
      unit: "suffix: ×",
      decimals: 1,
      limits: budgetBurn,
    },
    burnRate(allowedFailures, failures),
    figure,
  ),
];

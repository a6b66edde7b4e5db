// Whether requests fail and why, at a glance: first the symptoms, then the causes, in the order in which one brings about the next.
// When two are red, the earlier one is the cause: without connections the queue fills too. Phases are 99th percentiles over all
// requests, including refused and timed-out ones, so problems of a few requests show too.
import { explainedBy, pageLink } from "../builders/links.ts";
import type { Limits, Link } from "../builders/panel.ts";
import { howMany, quantile, routes, share } from "../builders/promql.ts";
import { nameStat, stat } from "../builders/stat.ts";
import { frames } from "../dashboards.ts";
import { metrics, prometheusName } from "../metrics.ts";
import type { phases } from "./colors.ts";
import {
  authSeconds,
  breakersOpen,
  errorShare,
  poolWaitSeconds,
  querySeconds,
  queueWaitSeconds,
  requestSeconds,
} from "./limits.ts";
import { loopDelayNow, memoryNow } from "./runtime.ts";

const { breakerState, phaseDuration, requestDuration, verdict } = metrics;
const halfOpen = 1;

const now = `${prometheusName(verdict)}{service_name="$service"`;
/** The cause's name is in a label. The value only decides the colour: 0 while nothing is wrong. */
const causeNow = `${now}, cause="nothing_wrong"} * 0 or ${now}} or on () ${label("waiting_for", "–", label("page", "slow-requests", "vector(NaN)"))}`;

function label(name: string, value: string, expr: string): string {
  return `label_replace(${expr}, "${name}", "${value}", "", "")`;
}

export const waitingFor = nameStat(
  {
    title: "Waiting for",
    description:
      "The cause of slow and failing requests in the last minute, by the same rules as `npm run timeouts`. Click to open the page that explains it.",
    unit: "none",
    limits: { warn: 0.5, bad: 1 },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
    link: pageLink("The page that explains it", "${__field.labels.page}"),
  },
  causeNow,
  "{{waiting_for}}",
);

function cause(phase: keyof typeof phases, title: string, advice: string, limits: Limits, link: Link) {
  return stat(
    {
      title,
      description: `One request in 100 currently spends longer than this in the phase ${phase}. ${advice} Click for the details.`,
      unit: "s",
      limits,
      link,
    },
    quantile(0.99, phaseDuration, { where: [...routes, `phase="${phase}"`] }),
  );
}

export const symptoms = [
  stat(
    {
      title: "Failing",
      description:
        "Share of requests that currently get a 5xx response: timeouts, refusals, dependencies that are down, bugs. Errors by route shows where and which.",
      unit: "percentunit",
      decimals: 1,
      limits: errorShare,
      link: explainedBy(frames.service, "Errors by route"),
    },
    share(requestDuration, 'http_response_status_code=~"5.."', { where: routes }),
  ),
  stat(
    {
      title: "p95 ≤ 200 ms",
      description:
        "One request in 20 currently takes longer than this. What it waited for is below; Slow traces has single requests.",
      unit: "s",
      limits: requestSeconds,
      link: explainedBy(frames.slowRequests, "Latency"),
    },
    quantile(0.95, requestDuration, { where: routes }),
  ),
];

export const sharedCauses = [
  memoryNow("Memory"),
  stat(
    {
      title: "Breakers open",
      description:
        "Dependencies that are not called now because their calls failed, the database among them. Requests that need one get 503 at once. Circuit breakers shows which.",
      unit: "none",
      decimals: 0,
      limits: breakersOpen,
      link: explainedBy(frames.service, "Circuit breakers"),
    },
    howMany(breakerState, halfOpen, { by: ["breaker"] }),
  ),
  loopDelayNow("Event loop"),
];

export const phaseCauses = [
  cause(
    "query",
    "Query",
    "It includes all queries of a request. Red: EXPLAIN the slow queries; an index is missing, a lock is held, or the database is busy.",
    querySeconds,
    explainedBy(frames.database, "Query time p95"),
  ),
  cause(
    "auth",
    "Auth",
    "Red: keys of the identity provider arrive late (JWT_JWKS_URL), or checking them takes long.",
    authSeconds,
    explainedBy(frames.slowRequests, "What the slowest waited for"),
  ),
  cause(
    "outbound",
    "Outbound",
    "Red: a dependency is slow or down; its breaker opens when calls fail. Call it less often, or not while a client waits.",
    requestSeconds,
    explainedBy(frames.service, "Outbound calls p95 by server"),
  ),
  cause(
    "pool",
    "Pool",
    "Red: all connections are in use. Shorten slow queries and transactions before you enlarge the pool.",
    poolWaitSeconds,
    explainedBy(frames.database, "Wait for a connection p95"),
  ),
  cause(
    "queue",
    "Queue",
    "Red: more requests arrive than the service can finish. Look at the figures before this one first; if none is red, add replicas.",
    queueWaitSeconds,
    explainedBy(frames.service, "Queue wait p95 by class"),
  ),
];

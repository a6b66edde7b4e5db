// Panels about requests: rate, errors, latency, and the routes that take most time.
import { drillDown, logLines } from "../builders/links.ts";
import type { Link, Series } from "../builders/panel.ts";
import { busy, quantile, rate, routes, type Scope, share, total, wholeRange } from "../builders/promql.ts";
import { largest, others } from "../builders/ranking.ts";
import { table } from "../builders/table.ts";
import { timeSeries } from "../builders/time-series.ts";
import { type Frame, frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { errorShare, requestSeconds } from "./limits.ts";

const { keptDuration, requestDuration } = metrics;
const route = "http_route";
const all = { where: routes };
const byRoute = { by: [route], where: routes };
const overRange = { ...byRoute, window: wholeRange };
const failed = 'http_response_status_code=~"5.."';
const top = { limit: 5, scope: byRoute };
const legend = `{{${route}}}`;

/** The percentiles used throughout the project. */
const percentiles = [
  { name: "p50", q: 0.5 },
  { name: "p95", q: 0.95 },
  { name: "p99", q: 0.99 },
] as const;

/** A link from a route's line or bar to `frame`, filtered by that route. `value` is Grafana's expression for the route. */
export function onlyRoute(frame: Frame, value: string): Link {
  return { title: `Only this route: ${frame.title}`, url: drillDown(frame, { route: value }) };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
const routeOfSeries = "${__field.labels.http_route:percentencode}";

/** The five largest routes, and the others in one. */
function topRoutes(query: (scope: Scope) => string): Series[] {
  return [
    { expr: largest(query, top), legend },
    { expr: others(query, top), legend: "others", color: colors.others },
  ];
}

export const requestRate = timeSeries(
  {
    title: "Requests by route",
    description:
      "Responses a second, of the five busiest routes and all others. Latency that rises with the rate is load; latency that rises alone means that requests wait for something.",
    unit: "reqps",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  topRoutes((scope) => rate(requestDuration, scope)),
  { stacked: true },
);

export const errorRate = timeSeries(
  {
    title: "Errors by route",
    description:
      "Responses with a 5xx status a second. 504: a timeout (query, pool, outbound call). 503: refused, or a dependency is down. 500: a bug. Click to open Slow requests for the route; its traces and the logs name the cause.",
    unit: "reqps",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  [
    {
      expr: rate(requestDuration, { by: [route, "http_response_status_code"], where: [...routes, failed] }),
      legend: `{{http_response_status_code}} ${legend}`,
    },
  ],
  { stacked: true, failures: true },
);

export const latency = timeSeries(
  {
    title: "Latency",
    description:
      "Percentiles over all selected routes; click a dot to open that request's trace. p95 and p99 far above p50: some requests wait for something that others do not. All three high: everything waits. Click a dot: the longest bar in its trace is the answer.",
    unit: "s",
    limits: requestSeconds,
  },
  percentiles.map(({ name, q }) => ({ expr: quantile(q, requestDuration, all), legend: name, color: colors[name] })),
  { exemplars: quantile(0.99, keptDuration, { where: [...routes, 'span_kind="SPAN_KIND_SERVER"'] }) },
);

/** The percentile is a switch in the page's menu. */
export const latencyByRoute = timeSeries(
  {
    title: "Latency by route",
    description:
      "The percentile that is chosen in the menu above (p95 at first) of the five slowest routes. Only one route is high: look at its queries and outbound calls. All are high: they wait for something shared (pool, database, CPU). Click to filter this page by the route.",
    unit: "s",
    limits: requestSeconds,
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  [{ expr: largest((scope) => quantile("$percentile", requestDuration, scope), top), legend }],
);

export const busyRoutes = timeSeries(
  {
    title: "Time spent by route",
    description:
      "Seconds spent in requests, a second: how many are in progress on average. An improvement saves most in the largest band, even when no single request is slow. Click to filter this page by the route.",
    unit: "none",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  topRoutes((scope) => busy(requestDuration, scope)),
  { stacked: true },
);

export const slowestRoutes = table(
  {
    title: "Slowest routes",
    description:
      "Every route in the time range above, slowest p95 first. Click a heading to sort by another column, or a route to filter this page by it or to read its log lines.",
    unit: "none",
  },
  {
    keys: [
      {
        label: route,
        title: "Route",
        // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
        links: [
          onlyRoute(frames.slowRequests, "${__value.raw:percentencode}"),
          logLines("Log lines of this route", '"service.name":="${service}" route:="${__value.raw}"'),
        ],
        // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
      },
    ],
    sortedBy: "p95",
    columns: [
      ...percentiles.slice(1).map(({ name, q }) => ({
        title: name,
        expr: quantile(q, requestDuration, overRange),
        unit: "s",
        limits: requestSeconds,
      })),
      { title: "Requests", expr: total(requestDuration, byRoute), unit: "short", decimals: 0 },
      {
        title: "Errors",
        expr: share(requestDuration, failed, overRange),
        unit: "percentunit",
        decimals: 1,
        limits: errorShare,
      },
    ],
    empty: "No request in this time range",
  },
);

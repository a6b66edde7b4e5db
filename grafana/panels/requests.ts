// Panels about requests: how many, how many fail, how long they take, and which routes take the time.
import { drillDown } from "../builders/dashboard.ts";
import { type Link, timeSeries } from "../builders/panel.ts";
import { busy, largest, quantile, rate, routes, share, total, totalBusy, wholeRange } from "../builders/promql.ts";
import { table } from "../builders/table.ts";
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

/** The percentiles that the project speaks of: half of the requests, all but one in 20, all but one in 100. */
const percentiles = [
  { name: "p50", q: 0.5 },
  { name: "p95", q: 0.95 },
  { name: "p99", q: 0.99 },
] as const;

/** From a route's line or bar to `frame`, narrowed to that route. `value` is Grafana's expression for it. */
export function onlyRoute(frame: Frame, value: string): Link {
  return { title: `Only this route: ${frame.title}`, url: drillDown(frame, { route: value }) };
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
const routeOfSeries = "${__field.labels.http_route:percentencode}";

export const requestRate = timeSeries(
  {
    title: "Requests by route",
    description:
      "Requests answered a second. Latency that rises together with the rate is load; latency that rises alone is something the requests wait for.",
    unit: "reqps",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  [{ expr: rate(requestDuration, byRoute), legend: `{{${route}}}` }],
  { stacked: true },
);

export const errorRate = timeSeries(
  {
    title: "Errors by route",
    description:
      "Requests answered with a 5xx status a second. 504: a limit ended it (query, pool, outbound call). 503: it was refused, or something it needs is down. 500: a bug. A click narrows Slow requests to the route; its traces and the logs name the cause.",
    unit: "reqps",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  [
    {
      expr: rate(requestDuration, { by: [route, "http_response_status_code"], where: [...routes, failed] }),
      legend: `{{http_response_status_code}} {{${route}}}`,
    },
  ],
  { stacked: true },
);

export const latency = timeSeries(
  {
    title: "Latency",
    description:
      "Percentiles over all chosen routes; each dot is a request whose trace opens with a click. p95 and p99 far above p50: some requests wait for something that the others do not. All three high: everything waits. Then click a dot, and the longest bar in its trace is the answer.",
    unit: "s",
    limits: requestSeconds,
  },
  percentiles.map(({ name, q }) => ({ expr: quantile(q, requestDuration, all), legend: name, color: colors[name] })),
  { exemplars: quantile(0.99, keptDuration, { where: [...routes, 'span_kind="SPAN_KIND_SERVER"'] }) },
);

export const latencyByRoute = percentiles.map(({ name, q }) =>
  timeSeries(
    {
      title: `Latency ${name} by route`,
      description: `The ${name} of each route. One route alone high: look at its queries and outbound calls. All high at once: they share what they wait for (pool, database, CPU). A click narrows this page to the route.`,
      unit: "s",
      limits: requestSeconds,
      link: onlyRoute(frames.slowRequests, routeOfSeries),
    },
    [{ expr: quantile(q, requestDuration, byRoute), legend: `{{${route}}}` }],
  ),
);

export const busyRoutes = timeSeries(
  {
    title: "Time spent by route (top 10)",
    description:
      "Seconds spent in requests, a second: how many are in progress on average. The largest band is where an improvement saves most, also when no single request is slow. A click narrows this page to the route.",
    unit: "none",
    link: onlyRoute(frames.slowRequests, routeOfSeries),
  },
  [{ expr: largest(10, busy(requestDuration, byRoute)), legend: `{{${route}}}` }],
  { stacked: true },
);

export const slowestRoutes = table(
  {
    title: "Slowest routes",
    description:
      "Every route in the time range above, slowest p95 first. Click a heading to sort by another column (Total is the time spent in all its requests), a route to narrow this page to it.",
    unit: "none",
  },
  {
    keys: [
      {
        label: route,
        title: "Route",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
        link: onlyRoute(frames.slowRequests, "${__value.raw:percentencode}"),
      },
    ],
    sortedBy: "p95",
    columns: [
      ...percentiles.map(({ name, q }) => ({
        title: name,
        expr: quantile(q, requestDuration, overRange),
        unit: "s",
        limits: requestSeconds,
      })),
      { title: "Total", expr: totalBusy(requestDuration, byRoute), unit: "s" },
      { title: "Requests", expr: total(requestDuration, byRoute), unit: "short" },
      { title: "Errors", expr: share(requestDuration, failed, overRange), unit: "percentunit", limits: errorShare },
    ],
  },
);

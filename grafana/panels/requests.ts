// Panels about requests: how many, how many fail, how long they take, and which routes take the time.
import { drillDown } from "../builders/dashboard.ts";
import { stat, timeSeries } from "../builders/panel.ts";
import { busy, largest, quantile, rate, routes, share, total, totalBusy, wholeRange } from "../builders/promql.ts";
import { table } from "../builders/table.ts";
import { metrics } from "../metrics.ts";
import { colors } from "./colors.ts";
import { errorShare, requestSeconds } from "./limits.ts";

const { requestDuration, spanDuration } = metrics;
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

export const requestRateNow = stat(
  {
    title: "Requests",
    description:
      "Requests answered a second, of the routes chosen above. A sudden fall while clients still send: look at Errors, then at the pool.",
    unit: "reqps",
  },
  rate(requestDuration, all),
);

export const errorShareNow = stat(
  {
    title: "Errors",
    description:
      "Share of requests answered with a 5xx status. The target is 0.1 % at most. See which routes and statuses in the graph below, then open one of their traces.",
    unit: "percentunit",
    limits: errorShare,
  },
  share(requestDuration, failed, all),
);

export const latencyNow = (q: 0.95 | 0.99, name: string, rest: string) =>
  stat(
    {
      title: `Latency ${name}`,
      description: `${rest} takes longer than this. The target is 200 ms; from 1 s on a request is logged as slow. The tables below say which routes, and where their time went.`,
      unit: "s",
      limits: requestSeconds,
    },
    quantile(q, requestDuration, all),
  );

export const requestRate = timeSeries(
  {
    title: "Requests by route",
    description:
      "Requests answered a second. Latency that rises together with the rate is load; latency that rises alone is something the requests wait for.",
    unit: "reqps",
  },
  [{ expr: rate(requestDuration, byRoute), legend: `{{${route}}}` }],
  { stacked: true },
);

export const errorRate = timeSeries(
  {
    title: "Errors by route",
    description:
      "Requests answered with a 5xx status a second. 504: a limit ended it (query, pool, outbound call). 503: something it needs is down. 500: a bug. The slow traces and the logs name the cause.",
    unit: "reqps",
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
      "Percentiles over all chosen routes; each dot is a request whose trace opens with a click. p95 and p99 far above p50: some requests wait for something that the others do not. All three high: everything waits.",
    unit: "s",
    limits: requestSeconds,
  },
  percentiles.map(({ name, q }) => ({ expr: quantile(q, requestDuration, all), legend: name, color: colors[name] })),
  { exemplars: quantile(0.99, spanDuration, { where: [...routes, 'span_kind="SPAN_KIND_SERVER"'] }) },
);

export const latencyByRoute = percentiles.map(({ name, q }) =>
  timeSeries(
    {
      title: `Latency ${name} by route`,
      description: `The ${name} of each route. One route alone high: look at its queries and outbound calls. All high at once: they share what they wait for (pool, database, CPU).`,
      unit: "s",
      limits: requestSeconds,
    },
    [{ expr: quantile(q, requestDuration, byRoute), legend: `{{${route}}}` }],
  ),
);

export const busyRoutes = timeSeries(
  {
    title: "Time spent by route (top 10)",
    description:
      "Seconds spent in requests, a second: how many are in progress on average. The largest band is where an improvement saves most, also when no single request is slow.",
    unit: "none",
  },
  [{ expr: largest(10, busy(requestDuration, byRoute)), legend: `{{${route}}}` }],
  { stacked: true },
);

export const slowestRoutes = (dashboardUid: string) =>
  table(
    {
      title: "Slowest routes",
      description:
        "Every route in the time range above, slowest p95 first. Click a heading to sort by another column (Total is the time spent in all its requests), a route to narrow this page to it.",
      unit: "none",
    },
    {
      key: {
        label: route,
        title: "Route",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
        link: { title: "Only this route", url: drillDown(dashboardUid, { route: "${__value.raw:percentencode}" }) },
      },
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

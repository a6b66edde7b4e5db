// Every service that sends its telemetry here: rate, errors, duration, saturation.
import { ofService } from "../builders/links.ts";
import { fullest, highest, quantile, rate, type Scope, share } from "../builders/promql.ts";
import { largest } from "../builders/ranking.ts";
import { table } from "../builders/table.ts";
import { timeSeries } from "../builders/time-series.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { errorShare, loopShare, memoryShare, poolShare, requestSeconds } from "./limits.ts";

const { loopUtilization, memoryLimit, memoryUsage, poolConnections, poolMax, requestDuration } = metrics;
const name = "service_name";
const legend = `{{${name}}}`;
const failed = 'http_response_status_code=~"5.."';
const requests: Scope = { by: [name], where: ['http_route!~"$hidden"'], everyService: true };
const gauges: Scope = { by: [name], everyService: true };
const top = { limit: 8, scope: requests };
const inUse = 'db_client_connection_state="used"';
const pools = [name, "service_instance_id", "db_client_connection_pool_name"];

const thisService = {
  title: "Slow requests of this service",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
  url: ofService(frames.slowRequests, "${__value.raw:percentencode}"),
};

export const serviceTable = table(
  {
    title: "Services now",
    description:
      "Every service in the last minute, the one with most failures first. Failing: 5xx responses. Loop, Pool and Memory: how full the fullest instance is. Click a service to see what its requests wait for.",
    unit: "none",
  },
  {
    keys: [{ label: name, title: "Service", links: [thisService] }],
    sortedBy: "Failing",
    columns: [
      { title: "Req/s", expr: rate(requestDuration, requests), unit: "none", decimals: 1 },
      {
        title: "Failing",
        expr: share(requestDuration, failed, requests),
        unit: "percentunit",
        decimals: 1,
        limits: errorShare,
      },
      { title: "p95", expr: quantile(0.95, requestDuration, requests), unit: "s", limits: requestSeconds },
      { title: "Loop", expr: highest(loopUtilization, gauges), unit: "percentunit", decimals: 0, limits: loopShare },
      {
        title: "Pool",
        expr: fullest(poolConnections, poolMax, pools, { ...gauges, where: [inUse] }),
        unit: "percentunit",
        decimals: 0,
        limits: poolShare,
      },
      {
        title: "Memory",
        expr: fullest(memoryUsage, memoryLimit, [name, "service_instance_id"], gauges),
        unit: "percentunit",
        decimals: 0,
        limits: memoryShare,
      },
    ],
    empty: "No service has sent anything yet",
  },
);

export const serviceRates = timeSeries(
  {
    title: "Requests by service",
    description:
      "Responses a second of the eight busiest services, without probes. A service that falls to zero is down, or nobody reaches it.",
    unit: "reqps",
  },
  [{ expr: largest((scope) => rate(requestDuration, scope), top), legend }],
  { stacked: true },
);

export const serviceErrors = timeSeries(
  {
    title: "Failing by service",
    description:
      "Share of requests with a 5xx response. Several services at once: they share what fails, such as a database or a service that they call.",
    unit: "percentunit",
    limits: errorShare,
  },
  [{ expr: share(requestDuration, failed, requests), legend }],
);

export const serviceLatency = timeSeries(
  {
    title: "Latency p95 by service",
    description:
      "One request in 20 takes longer than this; the target is 200 ms. Several services at once: the slowest is probably called by the others.",
    unit: "s",
    limits: requestSeconds,
  },
  [{ expr: largest((scope) => quantile(0.95, requestDuration, scope), top), legend }],
);

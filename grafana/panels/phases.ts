// Where the slowest requests spend their time: those over 200 ms and the slowest 1 % of each route.
import { stackedBars } from "../builders/bars.ts";
import { mean, routes } from "../builders/promql.ts";
import { timeSeries } from "../builders/time-series.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { phases } from "./colors.ts";
import { onlyRoute } from "./requests.ts";

const { phaseDuration } = metrics;

/** Long enough for a quiet route, short enough that an incident that is over does not hide the present one. */
const window = "2m";

const all = Object.entries(phases);
const slowest = (phase: string) => [...routes, 'request_slowest="true"', `phase="${phase}"`];

const meanings =
  "receive: the body, from the client; queue: a slot; auth: checking credentials; pool: a connection; query: the database; outbound: calls to other services; loop: other requests' code that blocked the process; own: the request's own code, also while it blocks the process.";

export const phasesOfSlowest = timeSeries(
  {
    title: "What the slowest waited for",
    description: `Average seconds per phase in the slowest requests: those over 200 ms and the slowest 1 % of each route, over a minute. Work on the thickest band. ${meanings}`,
    unit: "s",
  },
  all.map(([phase, color]) => ({ expr: mean(phaseDuration, { where: slowest(phase) }), legend: phase, color })),
  { stacked: true },
);

export const phasesByRoute = stackedBars(
  {
    title: "The same, by route",
    description: `Average seconds per phase in each route's slowest requests, in the last two minutes of the time range above. One route with a long band: its own query or call. The same band in all: they wait for something shared. Click to filter this page by the route. ${meanings}`,
    unit: "s",
  },
  {
    key: {
      label: "http_route",
      title: "Route",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
      links: [onlyRoute(frames.slowRequests, "${__data.fields.Route:percentencode}")],
    },
    parts: all.map(([phase, color]) => ({
      title: phase,
      expr: mean(phaseDuration, { by: ["http_route"], where: slowest(phase), window }),
      color,
    })),
    empty: "No slow request in the last two minutes",
  },
);

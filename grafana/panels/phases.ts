// Where the slowest requests spend their time: the phases of the slowest 1 % of each route.
import { timeSeries } from "../builders/panel.ts";
import { mean, routes, wholeRange } from "../builders/promql.ts";
import { stackedBars } from "../builders/table.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { phases } from "./colors.ts";
import { onlyRoute } from "./requests.ts";

const { phaseDuration } = metrics;

/** One request in 100 is one in several minutes on a quiet route: a shorter window would miss it. */
const window = "5m";

const all = Object.entries(phases);
const slowest = (phase: string) => [...routes, 'request_slowest="true"', `phase="${phase}"`];

const meanings =
  "receive: the body, from the client; queue: a slot; auth: checking credentials; pool: a connection; query: the database; outbound: calls to other services; loop: other requests' code that blocked the process; own: the request's own code, also while it blocks the process.";

export const phasesOfSlowest = timeSeries(
  {
    title: "What the slowest 1 % waited for",
    description: `Average seconds per phase in the slowest 1 % of the selected routes' requests, over 5 min. Work on the thickest band; the figures above show whether it is over its limit now. ${meanings}`,
    unit: "s",
  },
  all.map(([phase, color]) => ({ expr: mean(phaseDuration, { where: slowest(phase), window }), legend: phase, color })),
  { stacked: true },
);

export const phasesByRoute = stackedBars(
  {
    title: "The same, by route",
    description: `Average seconds per phase in the slowest 1 % of each route's requests, over the time range above. One route with a long band: its own query or call. The same band in all: they wait for something shared. Click to filter this page by the route. ${meanings}`,
    unit: "s",
  },
  {
    key: {
      label: "http_route",
      title: "Route",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
      link: onlyRoute(frames.slowRequests, "${__data.fields.Route:percentencode}"),
    },
    parts: all.map(([phase, color]) => ({
      title: phase,
      expr: mean(phaseDuration, { by: ["http_route"], where: slowest(phase), window: wholeRange }),
      color,
    })),
  },
);

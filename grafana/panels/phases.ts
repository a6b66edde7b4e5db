// Where the time of the slowest requests went: the phases of the slowest 1 % of each route.
import { timeSeries } from "../builders/panel.ts";
import { mean, routes, wholeRange } from "../builders/promql.ts";
import { stackedBars } from "../builders/table.ts";
import { frames } from "../dashboards.ts";
import { metrics } from "../metrics.ts";
import { phases } from "./colors.ts";
import { onlyRoute } from "./requests.ts";

const { phaseDuration } = metrics;

/** One request in 100: on a quiet route that is one in several minutes, which a shorter window would miss. */
const window = "5m";

const all = Object.entries(phases);
const slowest = (phase: string) => [...routes, 'request_slowest="true"', `phase="${phase}"`];

const meanings =
  "receive: its body, from the client; queue: a slot; auth: credentials; pool: a connection; query: the database; outbound: calls to others; loop: other requests' code that blocked the process; own: its own code, and what blocks the process itself.";

export const phasesOfSlowest = timeSeries(
  {
    title: "What the slowest 1 % waited for",
    description: `Seconds of each phase in the slowest 1 % of the chosen routes' requests, on average over 5 min. The thickest band is what to work on; the figures above say whether it is over its limit now. ${meanings}`,
    unit: "s",
  },
  all.map(([phase, color]) => ({ expr: mean(phaseDuration, { where: slowest(phase), window }), legend: phase, color })),
  { stacked: true },
);

export const phasesByRoute = stackedBars(
  {
    title: "The same, by route",
    description: `Seconds of each phase in the slowest 1 % of each route's requests, on average over the time range above. One route with a long band: its own query or call. The same band in all: they share what they wait for. A click narrows this page to the route. ${meanings}`,
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

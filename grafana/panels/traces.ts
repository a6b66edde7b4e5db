// Traces from Jaeger: slow ones by duration, others by their tags.
import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { exploreTraces, jaegerSearch } from "../builders/jaeger-search.ts";
import { type Link, thresholds } from "../builders/panel.ts";
import { jaeger } from "../builders/sources.ts";
import { requestSeconds } from "./limits.ts";

/** Grafana fetches this many of a service's newest traces and then sorts them: enough for 15 minutes of trouble. */
const limit = 50;

export const slowTraces = new PanelBuilder()
  .title("Slow traces")
  .description(
    "The newest requests over 0.5 s, slowest first. Click a trace id: its longest bar is where the time went. An empty list is good news. The selected route does not filter this list.",
  )
  .unit("µs")
  .noValue("No request over 0.5 s in this time range")
  .datasource(jaeger)
  // Half of SLOW_REQUEST_MS, to show requests that are getting slow too.
  .withTarget(jaegerSearch({ service: "$service", minDuration: "500ms", limit }))
  .sortBy([new TableSortByFieldStateBuilder().displayName("Duration").desc(true)])
  .overrideByName("Trace ID", [{ id: "custom.width", value: 130 }])
  .overrideByName("Start time", [{ id: "custom.width", value: 170 }])
  .overrideByName("Duration", [
    { id: "custom.width", value: 90 },
    { id: "custom.cellOptions", value: { type: "color-text" } },
    { id: "thresholds", value: thresholds(microseconds(requestSeconds)).build() },
  ]);

/** A link to the newest traces with `tags` (in logfmt) on their spans or events. */
export function findTraces(title: string, { tags }: { tags: string }): Link {
  return { title, url: exploreTraces({ service: "$service", tags, limit }) };
}

/** Jaeger's durations are in microseconds. */
function microseconds({ warn, bad }: { warn: number; bad: number }) {
  return { warn: warn * 1e6, bad: bad * 1e6 };
}

// Traces, found in Jaeger: the slow ones by their duration, others by what is in them.
import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { exploreTraces, jaegerSearch } from "../builders/jaeger-search.ts";
import { type Link, thresholds } from "../builders/panel.ts";
import { jaeger } from "../builders/sources.ts";
import { requestSeconds } from "./limits.ts";

/** Grafana lists a service's newest traces up to this many and sorts them then: enough for a quarter of an hour of trouble. */
const limit = 50;

export const slowTraces = new PanelBuilder()
  .title("Slow traces")
  .description(
    "The newest requests over 0.5 s, slowest first. Click a trace id: the longest bar in it is where the time went. An empty list is good news. The route chosen above does not narrow it.",
  )
  .unit("µs")
  .noValue("No request over 0.5 s in this time range")
  .datasource(jaeger)
  // Half of what is logged as slow: it shows what is on its way there.
  .withTarget(jaegerSearch({ service: "$service", minDuration: "500ms", limit }))
  .sortBy([new TableSortByFieldStateBuilder().displayName("Duration").desc(true)])
  .overrideByName("Trace ID", [{ id: "custom.width", value: 130 }])
  .overrideByName("Start time", [{ id: "custom.width", value: 170 }])
  .overrideByName("Duration", [
    { id: "custom.width", value: 90 },
    { id: "custom.cellOptions", value: { type: "color-text" } },
    { id: "thresholds", value: thresholds(microseconds(requestSeconds)).build() },
  ]);

/** A link to the newest traces with `tags`, in logfmt, on the spans or on their events. */
export function findTraces(title: string, { tags }: { tags: string }): Link {
  return { title, url: exploreTraces({ service: "$service", tags, limit }) };
}

/** Jaeger's durations are in microseconds. */
function microseconds({ warn, bad }: { warn: number; bad: number }) {
  return { warn: warn * 1e6, bad: bad * 1e6 };
}

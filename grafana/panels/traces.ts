// Traces from Jaeger: slow ones by duration, others by their tags.
import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { exploreTrace, exploreTraces, jaegerSearch } from "../builders/jaeger-search.ts";
import { dataLink, type Link, thresholds } from "../builders/panel.ts";
import { jaeger } from "../builders/sources.ts";
import { requestSeconds } from "./limits.ts";

/** Grafana fetches this many of a service's newest traces and then sorts them: enough for 15 minutes of trouble. */
const limit = 50;

/** Jaeger's data source names a trace "service: operation", and the page shows one service. */
const withoutService = {
  type: MappingType.RegexToText,
  options: { pattern: "/^[^:]*: (.*)$/", result: { text: "$1" } },
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macro, filled in by the browser
const theTrace: Link = { title: "Open the trace", url: exploreTrace("${__data.fields.traceID}") };

export const slowTraces = new PanelBuilder()
  .title("Slow traces")
  .description(
    "The newest requests over 0.5 s, slowest first. Click one: the longest bar of its trace is where the time went. The selected route does not filter this list.",
  )
  .unit("µs")
  .noValue("No request over 0.5 s in this time range. With a red mark above: Jaeger is not reachable.")
  .datasource(jaeger)
  // Half of SLOW_REQUEST_MS, to show requests that are getting slow too.
  .withTarget(jaegerSearch({ service: "$service", minDuration: "500ms", limit }))
  .sortBy([new TableSortByFieldStateBuilder().displayName("Duration").desc(true)])
  // The name leads to the trace, so the id needs no column.
  .overrideByName("Trace ID", [
    { id: "custom.hidden", value: true },
    { id: "custom.hideFrom", value: { viz: true, legend: false, tooltip: false } },
  ])
  .overrideByName("Trace name", [
    { id: "unit", value: "string" },
    { id: "mappings", value: [withoutService] },
    { id: "links", value: [dataLink(theTrace).build()] },
  ])
  .overrideByName("Start time", [
    { id: "custom.width", value: 85 },
    { id: "unit", value: "time:HH:mm:ss" },
  ])
  .overrideByName("Duration", [
    { id: "custom.width", value: 80 },
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

// A search in Grafana's Jaeger data source, for which the Foundation SDK has no builder. The answer is a table, newest
// first, with the columns Trace ID (a link that opens the trace in Explore), Trace name, Start time and Duration.
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { jaeger } from "./sources.ts";

/** What to search for. `service` is exactly one service: Jaeger's API takes no list. `minDuration` as in "1s", "250ms". */
export type JaegerSearch = {
  readonly service: string;
  readonly operation?: string;
  /** In logfmt: `error=true http.route=/orders`. */
  readonly tags?: string;
  readonly minDuration?: string;
  readonly maxDuration?: string;
  readonly limit: number;
};

/** The target of a panel whose data source is Jaeger. Only a panel's first target is run. */
export function jaegerSearch(search: JaegerSearch): Builder<Dataquery> {
  const query = searchQuery(search);
  // The method is the SDK's type marker for "a query": it is a function, so JSON leaves it out.
  return { build: () => ({ ...query, _implementsDataqueryVariant() {} }) };
}

/** The address of the same search on Grafana's page Explore, over the dashboard's time range. Grafana's macros stay open. */
export function exploreTraces(search: JaegerSearch): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
  const range = { from: "${__from}", to: "${__to}" };
  const panes = JSON.stringify({ traces: { datasource: jaeger.uid, queries: [searchQuery(search)], range } });
  // Encoded but for the macros, which Grafana would not know any more.
  const encoded = panes
    .split(/(\$\{\w+(?:\.\w+)*\}|\$\w+)/)
    .map((part, index) => (index % 2 ? part : encodeURIComponent(part)));
  return `/explore?schemaVersion=1&panes=${encoded.join("")}`;
}

function searchQuery(search: JaegerSearch) {
  return { refId: "A", datasource: jaeger, queryType: "search", ...search };
}

// Searches in Grafana's Jaeger data source, which the Foundation SDK has no builder for.
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { encoded } from "./links.ts";
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

/**
 * The target of a panel on Jaeger's data source: a table, newest first, with the columns Trace ID, Trace name, Start time and
 * Duration. Grafana runs only the first target of such a panel.
 */
export function jaegerSearch(search: JaegerSearch): Builder<Dataquery> {
  const query = searchQuery(search);
  // The SDK marks the type "query" with this method. JSON leaves functions out.
  return { build: () => ({ ...query, _implementsDataqueryVariant() {} }) };
}

/** The address of the same search in Explore, over the dashboard's time range. Grafana's macros stay unexpanded. */
export function exploreTraces(search: JaegerSearch): string {
  return explore(searchQuery(search));
}

/** The address of a trace in Explore. `id` is an expression of Grafana. */
export function exploreTrace(id: string): string {
  return explore({ refId: "A", datasource: jaeger, query: id });
}

function explore(query: object): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's macros, filled in by the browser
  const range = { from: "${__from}", to: "${__to}" };
  const panes = JSON.stringify({ traces: { datasource: jaeger.uid, queries: [query], range } });
  return `/explore?schemaVersion=1&panes=${encoded(panes)}`;
}

function searchQuery(search: JaegerSearch) {
  return { refId: "A", datasource: jaeger, queryType: "search", ...search };
}

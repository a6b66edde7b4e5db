// A table with one line for each value of a label and one column for each query, over the dashboard's whole time range.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import type { DynamicConfigValue, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type About, type Limits, target, thresholds } from "./panel.ts";
import { prometheus } from "./sources.ts";

/** A column: its heading, the query that fills it, its unit, and from which values on it is coloured. */
export type Column = { readonly title: string; readonly expr: string; readonly unit: string; readonly limits?: Limits };

/** The column that names the lines. `link`: where a click on a name goes. */
export type Key = {
  readonly label: string;
  readonly title: string;
  readonly link: { readonly title: string; readonly url: string };
};

/** A table of `columns` by `key`, sorted by the column titled `sortedBy`, largest first. */
export function table(
  about: About,
  { key, columns, sortedBy }: { key: Key; columns: readonly Column[]; sortedBy: string },
): Builder<Panel> {
  const panel = new PanelBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortedBy).desc(true)])
    .overrideByName(key.title, [{ id: "links", value: [key.link] }]);
  const names: Record<string, string> = { [key.label]: key.title };
  for (const [index, column] of columns.entries()) {
    const query = target({ expr: column.expr, legend: column.title }, index).instant().format(PromQueryFormat.Table);
    panel.withTarget(query).overrideByName(column.title, appearance(column));
    names[`Value #${query.build().refId}`] = column.title;
  }
  // The queries run at the same instant, so merging their results leaves one line for each value of the label.
  return panel.withTransformation({ id: "merge", options: {} }).withTransformation({
    id: "organize",
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries(Object.keys(names).map((name, index) => [name, index])),
      renameByName: names,
    },
  });
}

function appearance({ unit, limits }: Column): DynamicConfigValue[] {
  const width = { id: "custom.width", value: 85 };
  if (!limits) return [{ id: "unit", value: unit }, width];
  return [
    { id: "unit", value: unit },
    width,
    { id: "custom.cellOptions", value: { type: "color-text" } },
    { id: "thresholds", value: thresholds(limits).build() },
  ];
}

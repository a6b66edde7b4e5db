// A table with a row per label value and a column per query, over the dashboard's whole time range, and the same as bars.

import { PanelBuilder as BarChartBuilder } from "@grafana/grafana-foundation-sdk/barchart";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  SortOrder,
  StackingMode,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { DataTransformerConfig, DynamicConfigValue, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { type DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type About, dataLink, fixedColor, type Limits, type Link, refId, target, thresholds } from "./panel.ts";
import { prometheus } from "./sources.ts";

/** A column: heading, query, unit, and the limits that colour its values. */
export type Column = { readonly title: string; readonly expr: string; readonly unit: string; readonly limits?: Limits };

/** A column that names the rows. `link`: where a click on a name leads. */
export type Key = { readonly label: string; readonly title: string; readonly link?: Link };

/** A table of `columns` by `keys`, sorted by the column titled `sortedBy`, descending. */
export function table(
  about: About,
  { keys, columns, sortedBy }: { keys: readonly Key[]; columns: readonly Column[]; sortedBy: string },
): Builder<Panel> {
  const panel = new PanelBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    .sortBy([new TableSortByFieldStateBuilder().displayName(sortedBy).desc(true)]);
  for (const { title, link } of keys) if (link) panel.overrideByName(title, [{ id: "links", value: [link] }]);
  for (const column of columns) panel.overrideByName(column.title, appearance(column));
  for (const query of instants(columns)) panel.withTarget(query);
  for (const step of merged(keys, columns)) panel.withTransformation(step);
  return panel;
}

/** A segment of a bar, in the panel's unit. */
export type Part = { readonly title: string; readonly expr: string; readonly color: string };

/** A bar per value of the label in `key`, stacked from `parts`. */
export function stackedBars(about: About, { key, parts }: { key: Key; parts: readonly Part[] }): Builder<Panel> {
  const panel = new BarChartBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    // Horizontal, because the names are long.
    .orientation(VizOrientation.Horizontal)
    .stacking(StackingMode.Normal)
    .showValue(VisibilityMode.Never)
    // Longer names are truncated. Without a value, the SDK writes a limit of 0.
    .xTickLabelMaxLength(50)
    .fillOpacity(80)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (key.link) panel.dataLinks([dataLink(key.link)]);
  for (const { title, color } of parts) panel.overrideByName(title, [fixedColor(color)]);
  for (const query of instants(parts)) panel.withTarget(query);
  for (const step of merged([key], parts)) panel.withTransformation(step);
  return panel;
}

type Queried = { readonly title: string; readonly expr: string };

function instants(columns: readonly Queried[]): DataqueryBuilder[] {
  return columns.map(({ title, expr }, index) =>
    target({ expr, legend: title }, index).instant().format(PromQueryFormat.Table),
  );
}

/**
 * The queries run at the same instant, so merging their results leaves one row per label value. Grafana names the values of two
 * or more queries by their letter.
 */
function merged(keys: readonly Key[], columns: readonly Queried[]): DataTransformerConfig[] {
  const names = Object.fromEntries([
    ...keys.map(({ label, title }) => [label, title]),
    ...columns.map(({ title }, index) => [`Value #${refId(index)}`, title]),
  ]);
  const indexByName = Object.fromEntries(Object.keys(names).map((name, index) => [name, index]));
  const options = { excludeByName: { Time: true }, indexByName, renameByName: names };
  return [
    { id: "merge", options: {} },
    { id: "organize", options },
  ];
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

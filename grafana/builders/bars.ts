// Horizontal bars, one per label value, stacked from parts: the longest first.
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/barchart";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { DataTransformerConfig, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { type About, dataLink, described, fixedColor } from "./panel.ts";
import { instants, type Key, merged } from "./table.ts";

/** A segment of a bar, in the panel's unit. */
export type Part = { readonly title: string; readonly expr: string; readonly color: string };

/** More would be too thin to read; the table has all. */
const most = 8;
/** Longer names are truncated. Without a value, the SDK writes a limit of 0. */
const longestName = 60;
const sum = "Sum";

/** A bar per value of the label in `key`. `empty`: what no bar means. */
export function stackedBars(
  about: About,
  { key, parts, empty }: { readonly key: Key; readonly parts: readonly Part[]; readonly empty: string },
): Builder<Panel> {
  const panel = described(new PanelBuilder(), about)
    .noValue(empty)
    // Horizontal, because the names are long.
    .orientation(VizOrientation.Horizontal)
    .stacking(StackingMode.Normal)
    .showValue(VisibilityMode.Never)
    .xTickLabelMaxLength(longestName)
    .fillOpacity(80)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending).hideZeros(true))
    .dataLinks((key.links ?? []).map(dataLink));
  for (const { title, color } of parts) panel.overrideByName(title, [fixedColor(color)]);
  for (const query of instants(parts)) panel.withTarget(query);
  for (const step of merged([key], parts, { between: longestFirst, without: [sum] })) panel.withTransformation(step);
  return panel;
}

const longestFirst: readonly DataTransformerConfig[] = [
  { id: "calculateField", options: { mode: "reduceRow", reduce: { reducer: "sum" }, alias: sum } },
  { id: "sortBy", options: { fields: {}, sort: [{ field: sum, desc: true }] } },
  { id: "limit", options: { limitField: most } },
];

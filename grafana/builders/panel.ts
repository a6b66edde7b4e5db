// The panels that dashboards are made of: one look, one data source, one legend, and no panel without its meaning.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { prometheus } from "./sources.ts";

/** One query and how it is drawn. `legend` may use labels, as in "{{http_route}}". `color` needs a legend without labels. */
export type Series = { readonly expr: string; readonly legend: string; readonly color?: string };

/** From `warn` on the value is worth a look, from `bad` on it is a problem. In the panel's unit. */
export type Limits = { readonly warn: number; readonly bad: number };

/** What every panel says of itself. `description`: what it means, then what to do. `unit`: one of Grafana's unit ids. */
export type About = {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly limits?: Limits;
};

export function thresholds({ warn, bad }: Limits): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: "green" },
    { value: warn, color: "yellow" },
    { value: bad, color: "red" },
  ]);
}

function neutral(): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: "blue" }]);
}

/** A query against Prometheus over the panel's time range. `index` makes its letter: 0 is A. */
export function target({ expr, legend }: Series, index: number): DataqueryBuilder {
  const refId = String.fromCharCode("A".charCodeAt(0) + index);
  return new DataqueryBuilder().datasource(prometheus).refId(refId).expr(expr).legendFormat(legend).range();
}

/** A figure with its recent course behind it. */
export function stat(about: About, expr: string): Builder<Panel> {
  const panel = new StatBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .withTarget(target({ expr, legend: about.title }, 0));
  // Without limits of its own Grafana would colour a stat red from 80 on.
  return panel.thresholds(about.limits ? thresholds(about.limits) : neutral());
}

/** Lines over time. `stacked` piles them up; limits are drawn as dashed lines; `exemplars` are dots that open a trace. */
export function timeSeries(
  about: About,
  series: readonly Series[],
  { stacked = false, exemplars }: { stacked?: boolean; exemplars?: string } = {},
): Builder<Panel> {
  const panel = new TimeSeriesBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    .min(0)
    .fillOpacity(stacked ? 30 : 0)
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  for (const [index, one] of series.entries()) {
    panel.withTarget(target(one, index));
    if (one.color) panel.overrideByName(one.legend, [{ id: "color", value: { mode: "fixed", fixedColor: one.color } }]);
  }
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (about.limits) {
    panel
      .thresholds(thresholds(about.limits))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  if (exemplars) withExemplars(panel, exemplars, series.length);
  return panel;
}

/** Grafana asks for exemplars beside a query: this one only brings them, its own line is hidden. */
function withExemplars(panel: TimeSeriesBuilder, expr: string, index: number): void {
  const query = { expr, legend: "exemplars" };
  const hidden = { viz: true, legend: true, tooltip: true };
  panel
    .withTarget(target(query, index).exemplar(true))
    .overrideByName(query.legend, [{ id: "custom.hideFrom", value: hidden }]);
}

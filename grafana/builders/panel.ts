// The panels that dashboards are made of: one look, one data source, one legend, and no panel without its meaning.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueGraphMode,
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
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { severities } from "./severities.ts";
import { prometheus } from "./sources.ts";

/** One query and how it is drawn. `legend` may use labels, as in "{{http_route}}". `color` needs a legend without labels. */
export type Series = { readonly expr: string; readonly legend: string; readonly color?: string };

/**
 * From `warn` on the value is worth a look, from `bad` on it is a problem. In the panel's unit. With `bad` below `warn` it is
 * the low values that are bad: under `warn` it is worth a look, under `bad` a problem.
 */
export type Limits = { readonly warn: number; readonly bad: number };

/** Where a click on a value goes. `url` may use Grafana's macros. */
export type Link = { readonly title: string; readonly url: string };

/** What every panel says of itself. `description`: what it means, then what to do. `unit`: one of Grafana's unit ids. */
export type About = {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly limits?: Limits;
  readonly link?: Link;
};

export function thresholds({ warn, bad }: Limits): ThresholdsConfigBuilder {
  const { ok, warning, problem } = severities;
  const steps =
    bad > warn
      ? [
          { value: null, color: ok },
          { value: warn, color: warning },
          { value: bad, color: problem },
        ]
      : [
          { value: null, color: problem },
          { value: bad, color: warning },
          { value: warn, color: ok },
        ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** A link on a value. */
export function dataLink({ title, url }: Link): Builder<DashboardLink> {
  return withoutPlacement(new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url));
}

/** The SDK would put a link into a menu behind a button: left out, it is on the page. */
export function withoutPlacement(builder: DashboardLinkBuilder): Builder<DashboardLink> {
  const { placement, ...link } = builder.build();
  return { build: () => link };
}

function neutral(): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: "blue" }]);
}

/** The letter of a panel's query: A, B, … */
export function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

/** A query against Prometheus over the panel's time range. */
export function target({ expr, legend }: Series, index: number): DataqueryBuilder {
  return new DataqueryBuilder().datasource(prometheus).refId(refId(index)).expr(expr).legendFormat(legend).range();
}

export function fixedColor(color: string): DynamicConfigValue {
  return { id: "color", value: { mode: "fixed", fixedColor: color } };
}

/** A figure with its recent course behind it; for the `wholeRange` at once there is no course, only the figure. */
export function stat(about: About, expr: string, { wholeRange = false } = {}): Builder<Panel> {
  const query = target({ expr, legend: about.title }, 0);
  const panel = new StatBuilder()
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(prometheus)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .graphMode(wholeRange ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .withTarget(wholeRange ? query.instant() : query);
  if (about.link) panel.dataLinks([dataLink(about.link)]);
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
    if (one.color) panel.overrideByName(one.legend, [fixedColor(one.color)]);
  }
  if (about.link) panel.dataLinks([dataLink(about.link)]);
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

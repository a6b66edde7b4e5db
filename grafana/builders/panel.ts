// Builders for the dashboards' panels: a common look, data source and legend. Every panel needs a description.
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

/** A query and how to draw it. `legend` may contain labels, as in "{{http_route}}". `color` needs a legend without labels. */
export type Series = { readonly expr: string; readonly legend: string; readonly color?: string };

/**
 * In the panel's unit: a value at or above `warn` is worth a look, at or above `bad` a problem. With `bad` below `warn`, low values
 * are bad: below `warn` is worth a look, below `bad` is a problem.
 */
export type Limits = { readonly warn: number; readonly bad: number };

/** Where a click on a value leads. `url` may contain Grafana's macros. */
export type Link = { readonly title: string; readonly url: string };

/** What every panel has. `description`: what it means, then what to do. `unit`: a Grafana unit id. */
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

/** With a placement, as the SDK sets it, Grafana hides the link in a menu. */
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

/** A figure with a sparkline. With `wholeRange` it covers the whole time range, without a sparkline. */
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
  // By default Grafana would colour a stat red from 80.
  return panel.thresholds(about.limits ? thresholds(about.limits) : neutral());
}

/** Lines over time, `stacked` on request. Limits are dashed lines; `exemplars` are dots that open a trace. */
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
  for (const [index, line] of series.entries()) {
    panel.withTarget(target(line, index));
    if (line.color) panel.overrideByName(line.legend, [fixedColor(line.color)]);
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

/** Grafana fetches exemplars together with a query: this query only exists for them, so its line is hidden. */
function withExemplars(panel: TimeSeriesBuilder, expr: string, index: number): void {
  const query = { expr, legend: "exemplars" };
  const hidden = { viz: true, legend: true, tooltip: true };
  panel
    .withTarget(target(query, index).exemplar(true))
    .overrideByName(query.legend, [{ id: "custom.hideFrom", value: hidden }]);
}

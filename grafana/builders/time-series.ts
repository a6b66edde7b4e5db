// Lines over time. Limits are dashed lines; exemplars are dots that open a trace.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { FieldColorBuilder, FieldColorModeId, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { type About, dataLink, described, fixedColor, type Series, target, thresholds } from "./panel.ts";
import { severities } from "./severities.ts";

/** `failures`: all lines are bad news, so they are shades of red. `exemplars`: a histogram's quantile, for its dots. */
type Look = { readonly stacked?: boolean; readonly failures?: boolean; readonly exemplars?: string };

/** The end of the axis while all values are small. Without it, Grafana draws an axis from 0 to 100 for a line of zeros. */
const smallAxis: Readonly<Record<string, number>> = { s: 0.1, percentunit: 0.1, bytes: 1024 };

export function timeSeries(about: About, series: readonly Series[], look: Look = {}): Builder<Panel> {
  const { stacked = false, failures = false, exemplars } = look;
  const panel = described(new PanelBuilder(), about)
    .min(0)
    .axisSoftMax(about.limits?.warn ?? smallAxis[about.unit] ?? 1)
    .fillOpacity(stacked ? 30 : 0)
    .colorScheme(failures ? shadesOfRed() : byName())
    .legend(new VizLegendOptionsBuilder().showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending).hideZeros(true))
    .withTransformation(shortIds);
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
  if (series.some(({ legend }) => legend.includes("{{"))) withZeroLine(panel, series.length);
  if (exemplars) withExemplars(panel, exemplars, series.length);
  return panel;
}

/** The first eight characters of a UUID, such as an instance's id, are enough to tell it from others. */
const shortIds = {
  id: "renameByRegex",
  options: { regex: "/([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/", renamePattern: "$1" },
};

function shadesOfRed(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Shades).fixedColor(severities.problem);
}

/** The same name has the same colour on every panel. */
function byName(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName);
}

/** Keeps an empty graph with its axes while no group has a value, where Grafana would write "No data". */
function withZeroLine(panel: PanelBuilder, index: number): void {
  hidden(panel, { expr: "vector(0)", legend: "zero" }, index);
}

/** Grafana fetches exemplars together with a query: this query only exists for them, so its line is hidden. */
function withExemplars(panel: PanelBuilder, expr: string, index: number): void {
  hidden(panel, { expr, legend: "exemplars" }, index, true);
}

function hidden(panel: PanelBuilder, query: Series, index: number, exemplar = false): void {
  const everywhere = { viz: true, legend: true, tooltip: true };
  const lines = target(query, index);
  panel
    .withTarget(exemplar ? lines.exemplar(true) : lines)
    .overrideByName(query.legend, [{ id: "custom.hideFrom", value: everywhere }]);
}

// Bands over time, one per series, coloured green, yellow or red by its state.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { TooltipDisplayMode, VisibilityMode, VizTooltipOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  type ValueMap,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/statetimeline";
import { type About, dataLink, described, type Series, target } from "./panel.ts";
import { noSeverity, severities } from "./severities.ts";

/** A state's number in the data, its name on the page and its severity. */
export type State = { readonly value: number; readonly name: string; readonly severity: keyof typeof severities };

export function timeline(about: About, series: Series, states: readonly State[]): Builder<Panel> {
  const panel = described(new PanelBuilder(), about)
    .mappings([mapping(states)])
    // The mapping brings the colours. With colours by threshold, Grafana would merge the states into ranges and drop the mapping.
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(noSeverity))
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .fillOpacity(80)
    .lineWidth(0)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
    .withTarget(target(series, 0));
  return about.link ? panel.dataLinks([dataLink(about.link)]) : panel;
}

function mapping(states: readonly State[]): ValueMap {
  const texts = states.map(({ value, name, severity }, index) => [
    String(value),
    { text: name, color: severities[severity], index },
  ]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(texts) };
}

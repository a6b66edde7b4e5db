// Figures: one value, coloured by its limits, with a sparkline. A figure without a value is "–", without a colour; one whose server
// does not answer says so.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { BigValueGraphMode, BigValueTextMode, ReduceDataOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import {
  MappingType,
  type Panel,
  SpecialValueMatch,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { type About, dataLink, described, target, thresholds } from "./panel.ts";
import { noSeverity } from "./severities.ts";

/** Every query has a result, so a panel without one could not ask its server. */
const notReachable = "not reachable";

/** NaN means that nothing happened. Times below a millisecond are not worth a number: nothing waited. */
export function mappings(unit: string): ValueMapping[] {
  const special = (match: SpecialValueMatch, text: string): ValueMapping => ({
    type: MappingType.SpecialValue,
    options: { match, result: { text, color: noSeverity } },
  });
  const missing = [special(SpecialValueMatch.NotANumber, "–"), special(SpecialValueMatch.Null, notReachable)];
  return unit === "s" ? [...missing, range(0, 0.000_999, "< 1 ms")] : missing;
}

function range(from: number, to: number, text: string): ValueMapping {
  return { type: MappingType.RangeToText, options: { from, to, result: { text } } };
}

/** The latest value of `expr`. With `wholeRange` the query covers the whole time range, and there is no sparkline. */
export function stat(about: About, expr: string, { wholeRange = false } = {}): Builder<Panel> {
  const query = target({ expr, legend: about.title }, 0);
  return figure(about)
    .graphMode(wholeRange ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .withTarget(wholeRange ? query.instant() : query);
}

/** Shows `legend`, which contains labels, instead of a number. The value decides the colour only. */
export function nameStat(about: About, expr: string, legend: string): Builder<Panel> {
  return figure(about)
    .textMode(BigValueTextMode.Name)
    .graphMode(BigValueGraphMode.None)
    .withTarget(target({ expr, legend }, 0).instant());
}

function figure(about: About): PanelBuilder {
  const panel = described(new PanelBuilder(), about)
    .mappings(mappings(about.unit))
    .noValue(notReachable)
    // Not "last not null", which would show the value of an old incident while there is none now.
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["last"]))
    // By default Grafana would colour a stat red from 80.
    .thresholds(about.limits ? thresholds(about.limits) : neutral());
  if (about.decimals !== undefined) panel.decimals(about.decimals);
  return about.link ? panel.dataLinks([dataLink(about.link)]) : panel;
}

function neutral(): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([{ value: null, color: "blue" }]);
}

// What all panels share: title, description, unit, limits, links, queries. Every panel needs a description.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { severities } from "./severities.ts";
import { prometheus } from "./sources.ts";

/** A query and how to draw it. `legend` may contain labels, as in "{{http_route}}". `color` needs a legend without labels. */
export type Series = { readonly expr: string; readonly legend: string; readonly color?: string };

/**
 * In the panel's unit: a value at or above `warn` is worth a look, at or above `bad` a problem. With `bad` below `warn`, low values
 * are bad: below `warn` is worth a look, below `bad` is a problem.
 */
export type Limits = { readonly warn: number; readonly bad: number };

/** Where a click on a value leads. `url` may contain Grafana's macros. `newTab`: for pages outside Grafana. */
export type Link = { readonly title: string; readonly url: string; readonly newTab?: boolean };

/** What every panel has. `description`: what it means, then what to do. `unit`: a Grafana unit id. */
export type About = {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly limits?: Limits;
  readonly link?: Link;
};

/** The methods that the SDK's builders of all kinds of panels have. */
interface Describable {
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  datasource(source: DataSourceRef): this;
}

/** `panel` with title, description and unit, on Prometheus. */
export function described<P extends Describable>(panel: P, { title, description, unit }: About): P {
  return panel.title(title).description(description).unit(unit).datasource(prometheus);
}

/** What happens less than once a second is counted a minute. */
export const aMinute = "suffix: /min";

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
export function dataLink({ title, url, newTab = false }: Link): Builder<DashboardLink> {
  return withoutPlacement(new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(newTab));
}

/** With a placement, as the SDK sets it, Grafana hides the link in a menu. */
export function withoutPlacement(builder: DashboardLinkBuilder): Builder<DashboardLink> {
  const { placement, ...link } = builder.build();
  return { build: () => link };
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

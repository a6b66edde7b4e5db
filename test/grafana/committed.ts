// Reads the committed dashboards as JSON, like Grafana, so that the checks also cover files that were edited in Grafana's page
// and saved here.
import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

const source = z.object({ type: z.string(), uid: z.string() });
const link = z.looseObject({ title: z.string(), url: z.string() });
const topLink = z.looseObject({
  title: z.string(),
  type: z.string(),
  tags: z.array(z.string()),
  asDropdown: z.boolean(),
  includeVars: z.boolean(),
  keepTime: z.boolean(),
  placement: z.string().optional(),
});
const thresholds = z.looseObject({ steps: z.array(z.object({ value: z.number().nullable(), color: z.string() })) });
const mapping = z.looseObject({ type: z.string(), options: z.record(z.string(), z.unknown()) });
const matcher = z.looseObject({ id: z.string(), options: z.unknown() });
const target = z.looseObject({
  refId: z.string(),
  datasource: source,
  expr: z.string().optional(),
  exemplar: z.boolean().optional(),
  legendFormat: z.string().optional(),
});
const panel = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  datasource: source.optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(target).default([]),
  transformations: z.array(z.looseObject({ id: z.string(), options: z.looseObject({}) })).default([]),
  fieldConfig: z
    .looseObject({
      defaults: z.looseObject({
        unit: z.string().optional(),
        links: z.array(link).default([]),
        thresholds: thresholds.optional(),
        mappings: z.array(mapping).default([]),
        noValue: z.string().optional(),
        color: z.looseObject({ mode: z.string(), fixedColor: z.string().optional() }).optional(),
        custom: z.looseObject({ axisSoftMax: z.number().optional() }).optional(),
      }),
      overrides: z
        .array(z.object({ matcher, properties: z.array(z.object({ id: z.string(), value: z.unknown() })) }))
        .default([]),
    })
    .optional(),
});
const variable = z.looseObject({
  name: z.string(),
  type: z.string(),
  /** Of variables that Prometheus fills. */
  definition: z.string().optional(),
  datasource: source.optional(),
  hide: z.number().optional(),
  current: z.looseObject({ value: z.unknown() }).optional(),
});
const annotation = z.looseObject({ name: z.string(), expr: z.string(), enable: z.boolean() });
const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  refresh: z.string(),
  panels: z.array(panel),
  links: z.array(topLink).default([]),
  annotations: z.object({ list: z.array(annotation).default([]) }),
  templating: z.object({ list: z.array(variable) }),
});

export type Panel = z.infer<typeof panel>;
export type CommittedDashboard = z.infer<typeof dashboard>;

const folder = new URL("../../grafana/dashboards/", import.meta.url);

/** Names of the committed files. */
export const files = readdirSync(folder);

/** The committed dashboards. */
export const dashboards = files.map((name) => dashboard.parse(JSON.parse(readFileSync(new URL(name, folder), "utf8"))));

/** All panels except headings. */
export function panels({ panels }: CommittedDashboard): Panel[] {
  return panels.filter(({ type }) => type !== "row");
}

/** Every PromQL expression of the dashboard's panels, with the panel's title. */
export function expressions(dashboard: CommittedDashboard): { title: string; expr: string; exemplar: boolean }[] {
  return panels(dashboard).flatMap(({ title, targets }) =>
    targets.flatMap(({ expr, exemplar = false }) => (expr ? [{ title, expr, exemplar }] : [])),
  );
}

/** The values that a panel's overrides set for property `id`, with the name of the series or column. */
export function overridden({ fieldConfig }: Panel, id: string): { name: string; value: unknown }[] {
  return (fieldConfig?.overrides ?? []).flatMap(({ matcher, properties }) =>
    properties.filter((property) => property.id === id).map(({ value }) => ({ name: String(matcher.options), value })),
  );
}

/** The links on a panel's values. */
export function dataLinks(panel: Panel): { title: string; url: string }[] {
  return [
    ...(panel.fieldConfig?.defaults.links ?? []),
    ...overridden(panel, "links").flatMap(({ value }) => z.array(link).parse(value)),
  ];
}

/** The thresholds of a panel and of its columns. */
export function allThresholds(panel: Panel): z.infer<typeof thresholds>[] {
  const own = panel.fieldConfig?.defaults.thresholds;
  return [...(own ? [own] : []), ...overridden(panel, "thresholds").map(({ value }) => thresholds.parse(value))];
}

/** The links on all of a dashboard's panels. */
export function links(dashboard: CommittedDashboard): { title: string; url: string }[] {
  return panels(dashboard).flatMap(dataLinks);
}

// Reads the committed dashboards the way Grafana gets them: as JSON, so that the checks hold for a file that was edited in
// Grafana's page and saved here too.
import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

const source = z.object({ type: z.string(), uid: z.string() });
const link = z.looseObject({ title: z.string(), url: z.string() });
const target = z.looseObject({
  refId: z.string(),
  datasource: source,
  expr: z.string().optional(),
  exemplar: z.boolean().optional(),
});
const panel = z.looseObject({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  datasource: source.optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(target).default([]),
  fieldConfig: z
    .looseObject({
      defaults: z.looseObject({ unit: z.string().optional(), links: z.array(link).default([]) }),
      overrides: z
        .array(z.object({ properties: z.array(z.object({ id: z.string(), value: z.unknown() })) }))
        .default([]),
    })
    .optional(),
});
const variable = z.looseObject({ name: z.string(), definition: z.string(), datasource: source });
const dashboard = z.looseObject({
  uid: z.string(),
  panels: z.array(panel),
  links: z.array(link).default([]),
  templating: z.object({ list: z.array(variable) }),
});

export type Panel = z.infer<typeof panel>;
export type CommittedDashboard = z.infer<typeof dashboard>;

const folder = new URL("../../grafana/dashboards/", import.meta.url);

/** The names of the committed files. */
export const files = readdirSync(folder);

/** The committed dashboards. */
export const dashboards = files.map((name) => dashboard.parse(JSON.parse(readFileSync(new URL(name, folder), "utf8"))));

/** The panels that show something: all but the headings. */
export function panels({ panels }: CommittedDashboard): Panel[] {
  return panels.filter(({ type }) => type !== "row");
}

/** Every PromQL expression of the dashboard's panels, with the panel's title. */
export function expressions(dashboard: CommittedDashboard): { title: string; expr: string; exemplar: boolean }[] {
  return panels(dashboard).flatMap(({ title, targets }) =>
    targets.flatMap(({ expr, exemplar = false }) => (expr ? [{ title, expr, exemplar }] : [])),
  );
}

/** All of a dashboard's and its panels' data links. */
export function links(dashboard: CommittedDashboard): { title: string; url: string }[] {
  const ofPanels = panels(dashboard).flatMap(({ fieldConfig }) => [
    ...(fieldConfig?.defaults.links ?? []),
    ...(fieldConfig?.overrides ?? [])
      .flatMap(({ properties }) => properties)
      .filter(({ id }) => id === "links")
      .flatMap(({ value }) => z.array(link).parse(value)),
  ]);
  return [...dashboard.links, ...ofPanels];
}

/** `expr` with Grafana's variables filled in, as its page would for every instance and route of `service`. */
export function filled(expr: string, service: string, { window = "1m", range = "15m" } = {}): string {
  return expr
    .replaceAll("$__rate_interval", window)
    .replaceAll("$__range", range)
    .replaceAll("$service", service)
    .replaceAll("$instance", ".*")
    .replaceAll("$route", ".*");
}

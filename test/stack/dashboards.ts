// The dashboards' queries as Grafana would run them, with variables filled in.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { query } from "./prometheus.ts";

const folder = join(import.meta.dirname, "../../grafana/dashboards");

const source = z.object({ type: z.string(), uid: z.string() });
const targetSchema = z.looseObject({
  refId: z.string(),
  datasource: source.optional(),
  /** Prometheus. */
  expr: z.string().optional(),
  exemplar: z.boolean().optional(),
  legendFormat: z.string().optional(),
  /** Jaeger. */
  queryType: z.string().optional(),
});
const stepSchema = z.object({ value: z.number().nullable(), color: z.string() });
const colorSchema = z.looseObject({ mode: z.string(), fixedColor: z.string().optional() });
const fieldSchema = z.looseObject({
  defaults: z
    .looseObject({
      thresholds: z.looseObject({ steps: z.array(stepSchema) }).optional(),
      color: colorSchema.optional(),
    })
    .optional(),
  overrides: z
    .array(
      z.looseObject({
        matcher: z.looseObject({ id: z.string(), options: z.unknown() }),
        properties: z.array(z.looseObject({ id: z.string(), value: z.unknown() })),
      }),
    )
    .optional(),
});
const panelSchema = z.object({
  title: z.string().optional(),
  type: z.string(),
  datasource: source.optional(),
  targets: z.array(targetSchema).optional(),
  gridPos: z.object({ y: z.number() }).optional(),
  fieldConfig: fieldSchema.optional(),
  get panels() {
    return z.array(panelSchema).optional();
  },
});
const variableSchema = z.object({
  name: z.string(),
  type: z.string(),
  includeAll: z.boolean().optional(),
  allValue: z.string().optional(),
  query: z.union([z.string(), z.object({ query: z.string() })]).optional(),
  regex: z.string().optional(),
  current: z.looseObject({ value: z.unknown() }).optional(),
});
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panelSchema),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string() })).default([]) }),
  templating: z.object({ list: z.array(variableSchema) }),
});

export type Panel = z.infer<typeof panelSchema>;
type Variable = z.infer<typeof variableSchema>;
export type Dashboard = z.infer<typeof dashboardSchema>;

/** A query of a panel. */
export interface PanelQuery {
  name: string;
  panel: string;
  /** The panel's. */
  type: string;
  source: string;
  target: z.infer<typeof targetSchema>;
}

/** All committed dashboards. */
export const dashboards: Dashboard[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => dashboardSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))));

/** All queries of all panels, including those inside rows. */
export function queriesOf(dashboard: Dashboard): PanelQuery[] {
  const panels = (list: Panel[]): Panel[] => list.flatMap((panel) => [panel, ...panels(panel.panels ?? [])]);
  return panels(dashboard.panels).flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      name: `${panel.title ?? panel.type} ${target.refId}`,
      panel: panel.title ?? panel.type,
      type: panel.type,
      // Grafana 13 uses the panel's data source, unless that is the mixed one.
      source: (panel.datasource?.uid === "-- Mixed --" ? target.datasource?.uid : panel.datasource?.uid) ?? "none",
      target,
    })),
  );
}

/** Variables as on opening the dashboard: "All" where available, otherwise the first value. `chosen` takes precedence. */
export async function fillIn(
  dashboard: Dashboard,
  chosen: Readonly<Record<string, string>> = {},
): Promise<(text: string) => string> {
  const values = new Map([
    ["__rate_interval", "1m"],
    ["__interval", "15s"],
    ["__range", "15m"],
  ]);
  const fill = (text: string) =>
    text.replaceAll(/\$\{?(\w+)(?::\w+)?\}?/g, (whole, name: string) => values.get(name) ?? whole);
  for (const variable of dashboard.templating.list) {
    values.set(variable.name, chosen[variable.name] ?? (await variableValue(variable, fill)));
  }
  return fill;
}

async function variableValue(variable: Variable, fill: (text: string) => string): Promise<string> {
  if (variable.type === "custom") return String(variable.current?.value);
  if (variable.type === "constant") return String(variable.query);
  if (variable.includeAll) return variable.allValue ?? ".*";
  const text = typeof variable.query === "object" ? variable.query.query : (variable.query ?? "");
  const inner = /^query_result\((.*)\)$/s.exec(text)?.[1];
  if (inner === undefined) throw new Error(`the variable ${variable.name} has a type that these tests do not support`);
  const [first] = await query(fill(inner));
  if (first === undefined) throw new Error(`the variable ${variable.name} has no value`);
  const labels = Object.entries(first.labels).map(([name, value]) => `${name}="${value}"`);
  const shown = `{${labels.join(",")}} ${first.value}`;
  const pattern = /^\/(.*)\/$/.exec(variable.regex ?? "")?.[1] ?? "(.*)";
  return new RegExp(pattern).exec(shown)?.[1] ?? shown;
}

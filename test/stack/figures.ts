// What a person sees on a dashboard: which figures are red, and which band is the thickest.
import { type Dashboard, fillIn, type Panel } from "./dashboards.ts";
import { query } from "./prometheus.ts";

/** The titles of the red figures at the top of `dashboard`, for one service. */
export async function redFigures(dashboard: Dashboard, service: string): Promise<string[]> {
  const fill = await fillIn(dashboard, { service });
  const titles = await Promise.all(
    firstRow(dashboard).map(async (panel) => ((await isRed(panel, fill)) ? [panel.title ?? ""] : [])),
  );
  return titles.flat();
}

/** The figures above the first graph. The verdict is not one: it is derived from the same numbers, and tested on its own. */
export function firstRow({ panels }: Dashboard): Panel[] {
  const graphs = Math.min(...panels.filter(({ type }) => type !== "stat").map(yOf));
  const isVerdict = ({ targets = [] }: Panel) => targets.some(({ expr = "" }) => expr.includes("service:verdict"));
  return panels.filter((panel) => panel.type === "stat" && yOf(panel) < graphs && !isVerdict(panel));
}

async function isRed(panel: Panel, fill: (text: string) => string): Promise<boolean> {
  for (const { expr, legendFormat = "" } of panel.targets ?? []) {
    if (expr === undefined) continue;
    for (const { labels, value } of await query(fill(expr))) {
      if (/red/.test(colorOf(panel, named(legendFormat, labels), value))) return true;
    }
  }
  return false;
}

/** The color of a value: that of its series if it has one, else that of the last threshold that the value reaches. */
function colorOf({ fieldConfig }: Panel, series: string, value: number): string {
  const properties = (fieldConfig?.overrides ?? [])
    .filter(({ matcher: { id, options } }) => id === "byName" && options === series)
    .flatMap((override) => override.properties);
  const own = properties.find(({ id }) => id === "color")?.value;
  const { mode, fixedColor }: { mode?: string; fixedColor?: string } = own ?? fieldConfig?.defaults?.color ?? {};
  if (mode === "fixed") return fixedColor ?? "";
  // The first step has no value: it holds for all below the second.
  const steps = fieldConfig?.defaults?.thresholds?.steps ?? [];
  return steps.findLast((step) => value >= (step.value ?? Number.NEGATIVE_INFINITY))?.color ?? "";
}

/** Seconds of each band in the panel "What … waited for", by the band's name. */
export async function bands(dashboard: Dashboard, service: string): Promise<Map<string, number>> {
  const [panel] = dashboard.panels.filter(
    ({ type, title = "" }) => type === "timeseries" && / waited for$/.test(title),
  );
  if (panel === undefined) throw new Error(`${dashboard.title} has no panel that says what requests waited for`);
  const fill = await fillIn(dashboard, { service });
  const seconds = new Map<string, number>();
  for (const { expr, legendFormat = "" } of panel.targets ?? []) {
    if (expr === undefined) continue;
    for (const { labels, value } of await query(fill(expr))) {
      seconds.set(
        legendFormat.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? ""),
        value,
      );
    }
  }
  return seconds;
}

/** The name of the thickest band; undefined when there is none yet. */
export function thickest(seconds: ReadonlyMap<string, number>): string | undefined {
  return [...seconds].filter(([, value]) => value > 0).toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** The series' name in a legend such as `{{phase}}`. */
function named(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
}

function yOf({ gridPos }: Panel): number {
  return gridPos?.y ?? Number.POSITIVE_INFINITY;
}

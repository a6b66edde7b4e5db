// Queries Prometheus for metrics and exemplars.
import { z } from "zod";
import { addresses } from "./compose.ts";

const labels = z.record(z.string(), z.string());
const samples = z.array(z.object({ metric: labels, value: z.tuple([z.number(), z.string()]) }));
const exemplars = z.array(
  z.object({ seriesLabels: labels, exemplars: z.array(z.object({ labels, value: z.string() })) }),
);
const selector = z.object({
  type: z.string(),
  name: z.string().optional(),
  matchers: z.array(z.object({ name: z.string(), type: z.string(), value: z.string() })).optional(),
});

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

async function ask(path: string, parameters: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${addresses.prometheus}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
    signal: AbortSignal.timeout(5000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Prometheus returned ${response.status} for ${path}: ${text}`);
  return z.object({ data: z.unknown() }).parse(JSON.parse(text)).data;
}

/** The result of an instant query, now or at `time` (seconds since 1970). */
export async function query(expression: string, time?: number): Promise<Sample[]> {
  const parameters = { query: expression, ...(time !== undefined && { time: String(time) }) };
  const data = z.object({ result: samples }).parse(await ask("query", parameters));
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** The single value of an instant query; 0 without a result. */
export async function value(expression: string): Promise<number> {
  const [first, ...more] = await query(expression);
  if (more.length > 0) throw new Error(`${expression} returns ${more.length + 1} values`);
  return first?.value ?? 0;
}

/** All values of a label of a metric. */
export async function labelValues(metric: string, label: string): Promise<string[]> {
  const found = await query(`count by (${label}) (${metric})`);
  return found.map((sample) => sample.labels[label] ?? "").sort();
}

/** The trace ids of a metric's exemplars in the last ten minutes. */
export async function exemplarTraceIds(expression: string): Promise<string[]> {
  const now = Date.now() / 1000;
  const parameters = { query: expression, start: String(now - 600), end: String(now + 60) };
  const found = exemplars.parse(await ask("query_exemplars", parameters));
  return found.flatMap((series) => series.exemplars.map((exemplar) => exemplar.labels.trace_id ?? "no trace_id"));
}

/** The labels of all series in the last ten minutes whose metric name matches. */
export async function seriesOf(names: string): Promise<Record<string, string>[]> {
  const parameters = { "match[]": `{__name__=~"${names}"}`, start: String(Date.now() / 1000 - 600) };
  return z.array(labels).parse(await ask("series", parameters));
}

/** Each `metric{matchers}` in a query, found by Prometheus' own parser. */
export async function selectorsOf(expression: string): Promise<string[]> {
  const found = new Set<string>();
  function walk(node: unknown): void {
    if (typeof node !== "object" || node === null) return;
    const { success, data } = selector.safeParse(node);
    if (success && /^(vector|matrix)Selector$/.test(data.type)) {
      const matchers = (data.matchers ?? []).map(({ name, type, value }) => `${name}${type}${JSON.stringify(value)}`);
      found.add(`{${matchers.join(", ")}}`);
    }
    for (const child of Object.values(node)) walk(child);
  }
  walk(await ask("parse_query", { query: expression }));
  return [...found];
}

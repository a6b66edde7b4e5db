// Reads Prometheus' rules and their unit tests as they are committed.
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const labels = z.record(z.string(), z.string());
const rule = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  keep_firing_for: z.string().optional(),
  labels: labels.default({}),
  annotations: labels.default({}),
});
const ruleFile = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(rule) })) });

// A label without quotes in YAML may be a number there.
const written = z.record(z.string(), z.coerce.string());
const testFile = z.object({
  rule_files: z.array(z.string()),
  tests: z.array(
    z.looseObject({
      name: z.string(),
      alert_rule_test: z
        .array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.looseObject({ exp_labels: written })) }))
        .default([]),
      promql_expr_test: z.array(z.looseObject({ expr: z.string(), exp_samples: z.array(z.unknown()) })).default([]),
    }),
  ),
});

const folder = new URL("../../otel/rules/", import.meta.url);

function files(path: string): string[] {
  return readdirSync(new URL(path, folder)).filter((name) => name.endsWith(".yml"));
}

function read(path: string): unknown {
  return parse(readFileSync(new URL(path, folder), "utf8"));
}

/** The names of the rule files, and of their tests'. */
export const ruleFiles = files(".");
export const testFiles = files("tests/");

const rules = ruleFiles.flatMap((name) => ruleFile.parse(read(name)).groups.flatMap((group) => group.rules));

/** One alert. `name` tells those apart that share a name and differ by their window. */
export interface Alert {
  name: string;
  alert: string;
  window: string | undefined;
  expr: string;
  for: string | undefined;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export const alerts: Alert[] = rules.flatMap(({ alert, ...rest }) => {
  if (alert === undefined) return [];
  const { window } = rest.labels;
  return [{ ...rest, for: rest.for, alert, window, name: window === undefined ? alert : `${alert} ${window}` }];
});

/** What the rules compute for each other. */
export const records = rules.flatMap(({ record, expr, labels }) =>
  record === undefined ? [] : [{ record, expr, labels }],
);

export const unitTests = testFiles.flatMap((name) => testFile.parse(read(`tests/${name}`)).tests);
/** Which rule files each test file loads, by their paths from there. */
export const loaded = testFiles.map((name) => ({ name, rules: testFile.parse(read(`tests/${name}`)).rule_files }));

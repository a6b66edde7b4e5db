// Reads the committed Prometheus rules and their unit tests.
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

// An unquoted label may be a number in YAML.
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

/** Names of the rule files and of their test files. */
export const ruleFiles = files(".");
export const testFiles = files("tests/");

const rules = ruleFiles.flatMap((name) => ruleFile.parse(read(name)).groups.flatMap((group) => group.rules));

/** An alert. `name` includes the window, because several alerts share a name. */
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

/** The recording rules. */
export const records = rules.flatMap(({ record, expr, labels }) =>
  record === undefined ? [] : [{ record, expr, labels }],
);

export const unitTests = testFiles.flatMap((name) => testFile.parse(read(`tests/${name}`)).tests);
/** The rule files that each test file loads, as paths relative to it. */
export const loaded = testFiles.map((name) => ({ name, rules: testFile.parse(read(`tests/${name}`)).rule_files }));

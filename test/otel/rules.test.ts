// Checks that alerts help the person on call. promtool tests when they fire (test/stack/rules.test.ts).
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { commonLabels, metrics, seriesNames } from "../../grafana/metrics.ts";
import { errorShare, requestSeconds } from "../../grafana/panels/limits.ts";
import { causeSchema } from "../../scripts/timeouts/verdict/causes.ts";
import { variables } from "../../src/config/environment.ts";
import { dashboards } from "../grafana/committed.ts";
import { type Alert, alerts, loaded, records, ruleFiles, testFiles, unitTests } from "./committed.ts";
import { mentioned, thresholds } from "./promql.ts";

const root = new URL("../../", import.meta.url);
const severities = ["page", "ticket"];
const defaults = new Map<string, unknown>(
  Object.entries(variables.parse({ MYSQL_URL: "mysql://user:password@host:3306/database" })),
);

/** The thresholds of each alert in order, taken from their source. */
const limits: Record<string, number[]> = {
  ...burn("AvailabilityBurn", errorShare.warn),
  ...burn("TimeoutBurn", errorShare.bad),
  LatencyTarget: [requestSeconds.warn, 0.1],
  // Compares with the pool's limit.
  DatabasePoolExhausted: [],
  DatabasePoolTimeouts: [5],
  BreakerOpen: [0],
  QueueRefusing: [0.1],
  MemoryHigh: [number("MEMORY_WARN_PERCENT") / 100],
  MemoryCritical: [number("MEMORY_SHED_PERCENT") / 100],
  EventLoopLate: [number("LOOP_DELAY_SHED_MS") / 1000],
  ServiceTelemetryMissing: [],
  NoTelemetry: [],
  TelemetryServerDown: [0],
  CollectorRefusing: [0, 0],
  CollectorLosing: [0, 0],
};

/** Text that must also contain these numbers. */
const requiredTexts: Record<string, string[]> = {
  LatencyTarget: [`${requestSeconds.warn * 1000} ms`],
  MemoryHigh: [`warns at ${number("MEMORY_WARN_PERCENT")} %`, `at ${number("MEMORY_SHED_PERCENT")} %`],
  MemoryCritical: [`warns at ${number("MEMORY_WARN_PERCENT")} %`, `at ${number("MEMORY_SHED_PERCENT")} %`],
  EventLoopLate: [`LOOP_DELAY_SHED_MS (${number("LOOP_DELAY_SHED_MS")})`],
};

const knownSeries = new Map([
  ...Object.values(metrics).flatMap((metric) => seriesNames(metric).map((name) => [name, metric.labels] as const)),
  ...records.map(({ record, expr, labels }) => [record, [...carried(expr), ...Object.keys(labels)]] as const),
]);

for (const alert of alerts) {
  describe(`alert ${alert.name}`, () => {
    it("has a severity and a waiting time", () => {
      ok(severities.includes(alert.labels.severity ?? "none"), alert.labels.severity);
      match(alert.for ?? "none", /^[1-9]\d*[mh]$/);
    });

    it("describes what happened, with the value, and what to do", () => {
      deepEqual(Object.keys(alert.annotations).sort(), ["action", "dashboard", "description", "summary"]);
      const { summary = "", description = "", action = "" } = alert.annotations;
      ok(summary.length <= 120, `${summary.length} characters`);
      ok(description.length >= 60 && action.length >= 60);
      // Missing data has no value, and a server that is down needs none.
      if (!["NoTelemetry", "TelemetryServerDown"].includes(alert.alert))
        ok(description.includes("$value"), description);
    });

    it("links to an existing dashboard, with its labels filled in", () => {
      const { pathname, searchParams } = new URL(alert.annotations.dashboard ?? "", "http://grafana");
      ok(
        dashboards.some(({ uid }) => pathname === `/d/${uid}`),
        pathname,
      );
      equal(searchParams.has("var-service"), carried(alert.expr).includes("service_name"));
      equal(searchParams.has("var-instance"), carried(alert.expr).includes("service_instance_id"));
      equal(searchParams.has("var-route"), alert.alert === "LatencyTarget");
      for (const [name, value] of searchParams) match(value, /^\{\{ \$labels\.\w+ \| urlquery \}\}$/, name);
    });

    it("uses only labels that it has in its texts", () => {
      const used = Object.values(alert.annotations).flatMap((text) => [...text.matchAll(/\$labels\.(\w+)/g)]);
      for (const [, label = ""] of used) {
        const has = label in alert.labels || carried(alert.expr).includes(label) || alert.expr.includes(`"${label}"`);
        ok(has || (alert.alert === "TelemetryServerDown" && commonLabels.includes(label)), label);
      }
    });

    it("has a unit test in which it fires and one in which it does not", () => {
      ok(
        unitTests.some(({ alert_rule_test: tests }) =>
          tests.some(
            ({ alertname, exp_alerts }) =>
              alertname === alert.alert && exp_alerts.some(({ exp_labels }) => exp_labels.window === alert.window),
          ),
        ),
        "fires",
      );
      ok(silent(alert), "is silent");
    });

    it("compares with the service's own limits and targets", () => {
      const found = thresholds(alert.expr);
      const expected = limits[alert.name];
      ok(expected, `${alert.name} has no line in the table of limits`);
      equal(found.length, expected.length);
      for (const [index, value] of expected.entries())
        ok(Math.abs((found[index] ?? 0) - value) < 1e-9, `${found[index]}`);
      for (const text of requiredTexts[alert.name] ?? []) ok(alert.annotations.description?.includes(text), text);
    });

    it("names existing variables, with their defaults", () => {
      const text = Object.values(alert.annotations).join(" ");
      for (const [, name = "", value] of text.matchAll(/\b([A-Z]+(?:_[A-Z]+)+)\b(?: \((\d+)\))?/g)) {
        if (name.startsWith("OTEL_")) continue;
        ok(defaults.has(name), `there is no ${name}`);
        if (value !== undefined) equal(Number(value), defaults.get(name), name);
      }
    });
  });
}

describe("rules", () => {
  it("use only metrics in the table or recorded by other rules, with labels that they have", () => {
    for (const { expr } of [...alerts, ...records]) {
      const { series, patterns, labels } = mentioned(expr);
      ok(series.length + patterns.length > 0, expr);
      for (const name of series) ok(knownSeries.has(name), `${name} is neither in grafana/metrics.ts nor recorded`);
      const matching = patterns.map((pattern) => {
        const names = [...knownSeries.keys()].filter((name) => new RegExp(`^(?:${pattern})$`).test(name));
        ok(names.length > 0, `${pattern} matches nothing in grafana/metrics.ts`);
        return names;
      });
      const has = [...commonLabels, ...[...series, ...matching.flat()].flatMap((name) => knownSeries.get(name) ?? [])];
      for (const label of labels) ok(has.includes(label), `no label ${label} in ${expr}`);
    }
  });

  it("are loaded by the test file of the same name", () => {
    for (const name of ruleFiles) {
      ok(
        loaded.some(({ rules }) => rules.includes(`../${name}`)),
        `no test loads ${name}`,
      );
    }
    for (const name of testFiles) ok(ruleFiles.includes(name), `${name} tests no file`);
  });

  it("have a verdict for every cause of npm run timeouts, with a unit test and the dashboard that explains it", () => {
    const verdicts = records.filter(({ record }) => record === "service:cause:rank");
    deepEqual(new Set(verdicts.map(({ labels }) => labels.cause)), new Set(causeSchema.options));
    for (const { labels } of verdicts)
      ok(
        dashboards.some(({ uid }) => uid === labels.page),
        labels.page,
      );
    const expected = unitTests.flatMap(({ promql_expr_test: tests }) => tests.map((test) => JSON.stringify(test)));
    for (const cause of causeSchema.options)
      ok(
        expected.some((test) => test.includes(`cause=\\"${cause}\\"`)),
        cause,
      );
  });

  it("are in the folder that Prometheus loads", () => {
    const config = z
      .object({ rule_files: z.array(z.string()) })
      .parse(parse(readFileSync(new URL("otel/prometheus.yml", root), "utf8")));
    deepEqual(config.rule_files, ["rules/*.yml"]);
    const compose = readFileSync(new URL("docker-compose.yml", root), "utf8");
    ok(compose.includes("- ./otel/rules:/etc/prometheus/rules:ro"));
  });

  it("are all described in docs/alerts.md", () => {
    const page = readFileSync(new URL("docs/alerts.md", root), "utf8");
    for (const { alert } of alerts) ok(page.includes(`\`${alert}\``), alert);
  });
});

/**
 * The thresholds of a burn-rate alert's windows, in order: long window, short window, minimum of failures. The factor uses up the
 * given share of a 30-day budget within the window.
 */
function burn(alert: string, budget: number): Record<string, number[]> {
  const hours = 30 * 24;
  const windows = [
    { window: "1h", factor: (0.02 * hours) / 1 },
    { window: "6h", factor: (0.05 * hours) / 6 },
    { window: "1d", factor: (0.1 * hours) / 24 },
    { window: "3d", factor: (0.1 * hours) / 72 },
  ];
  return Object.fromEntries(
    windows.map(({ window, factor }) => [`${alert} ${window}`, [factor * budget, factor * budget, 10]]),
  );
}

/** The default of a numeric variable. */
function number(name: string): number {
  const value = defaults.get(name);
  if (typeof value !== "number") throw new Error(`${name} is not a number`);
  return value;
}

/** The labels of an expression's series: those that it groups by, and those of its inputs. */
function carried(expr: string): string[] {
  const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/));
  const { series } = mentioned(expr);
  const inner = records.filter(({ record }) => series.includes(record));
  return [...grouped, ...inner.flatMap(({ expr, labels }) => [...carried(expr), ...Object.keys(labels)])];
}

/** Whether a unit test expects that `alert` does not fire. */
function silent({ alert, window }: Alert): boolean {
  return unitTests.some(
    ({ alert_rule_test: rules, promql_expr_test: queries }) =>
      (window === undefined &&
        rules.some(({ alertname, exp_alerts }) => alertname === alert && exp_alerts.length === 0)) ||
      queries.some(
        ({ expr, exp_samples }) =>
          exp_samples.length === 0 &&
          expr.includes(`alertname="${alert}"`) &&
          (window === undefined || expr.includes(`window="${window}"`)),
      ),
  );
}

// The links that a span has in Grafana (correlations of the Jaeger data source): each kind of span gets those that fit it, and they
// query metrics that exist. Expands them like Grafana: when it reads the file, and when a browser shows a span.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { commonLabels, type Metric, metrics, seriesNames } from "../../grafana/metrics.ts";
import { serviceName } from "../../scripts/bootstrap/package.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const correlation = z.strictObject({
  // Grafana does not start when a label or a description is missing.
  label: z.string().min(1),
  description: z.string(),
  type: z.literal("external"),
  config: z.strictObject({
    // Only a field of the Jaeger data source's frames carries a link.
    field: z.literal("traceID"),
    transformations: z
      .array(
        z.strictObject({
          type: z.literal("regex"),
          field: z.literal("startTime"),
          expression: z.string(),
          mapValue: z.string(),
        }),
      )
      .default([]),
    target: z.strictObject({ url: z.string() }),
  }),
});
const jaeger = z
  .object({ datasources: z.array(z.looseObject({ uid: z.string(), correlations: z.array(correlation).default([]) })) })
  .parse(parse(read("grafana/provisioning/datasources/datasources.yaml")))
  .datasources.find(({ uid }) => uid === "jaeger");
const links = (jaeger?.correlations ?? []).map(({ label, config }) => ({
  label,
  transformations: config.transformations,
  url: provisioned(config.target.url, { LOGS_URL: "http://127.0.0.1:9428" }),
}));

/** One span of each kind as this service reports it, with the attributes that matter here. */
const spans = {
  server: { "span.kind": "server", "http.route": "/api/orders/{id}", "url.path": "/api/orders/7" },
  query: { "span.kind": "client", "db.query.summary": "orders.get", "server.address": "mysql" },
  outbound: { "span.kind": "client", "url.full": "http://hooks.test/a?b=****&c=1", "server.address": "hooks.test" },
  transaction: { "span.kind": "internal" },
};
const shown = {
  server: [
    "p95 of this route",
    "Requests of this route, by status",
    "What the slowest requests of this route waited for",
  ],
  query: ["p95 of this query", "Executions of this query, by error"],
  outbound: ["p95 of the calls to this host", "Calls to this host, by status"],
  transaction: [],
};
const lines = "Log lines of this trace";
const pane = z.object({
  datasource: z.string(),
  queries: z.tuple([
    z.object({
      refId: z.literal("A"),
      datasource: z.object({ uid: z.string() }),
      expr: z.string().optional(),
      query: z.string().optional(),
    }),
  ]),
  range: z.object({ from: z.string(), to: z.string() }),
});

describe("the links of a span", () => {
  for (const [kind, tags] of Object.entries(spans)) {
    it(`are those of its kind on a span of the kind ${kind}`, () => {
      const expected = [...shown[kind as keyof typeof shown], lines];
      deepEqual(
        linksOf(tags).map(({ label }) => label),
        expected,
      );
    });
  }

  it("open the trace beside the metrics of its service, over a window that contains the span", () => {
    const startTime = 1_764_547_200_123.456;
    const opened = Object.values(spans).flatMap((tags) =>
      linksOf(tags, startTime).filter(({ label }) => label !== lines),
    );
    equal(opened.length, 7);
    for (const { label, url } of opened) {
      const { pathname, searchParams } = new URL(url, "http://grafana");
      equal(pathname, "/explore");
      equal(searchParams.get("schemaVersion"), "1");
      const panes = z.strictObject({ trace: pane, metrics: pane }).parse(JSON.parse(searchParams.get("panes") ?? ""));
      equal(panes.trace.queries[0].query, "5b8efff798038103d269b633813fc60c");
      deepEqual([panes.trace.datasource, panes.trace.queries[0].datasource.uid], ["jaeger", "jaeger"]);
      deepEqual([panes.metrics.datasource, panes.metrics.queries[0].datasource.uid], ["prometheus", "prometheus"]);
      for (const { range } of Object.values(panes)) {
        ok(Number(range.from) <= startTime && startTime <= Number(range.to), `${label}: ${range.from} to ${range.to}`);
        ok(Number(range.to) - Number(range.from) >= 15 * 60_000);
      }
      checkQuery(label, panes.metrics.queries[0].expr ?? "");
    }
  });

  it("lead to the trace's lines in VictoriaLogs' own page, whose address comes from Grafana's environment", () => {
    const link = linksOf(spans.server).find(({ label }) => label === lines);
    const { origin, pathname, hash } = new URL(link?.url ?? "");
    deepEqual([origin, pathname], ["http://127.0.0.1:9428", "/select/vmui/"]);
    equal(
      new URLSearchParams(hash.slice(hash.indexOf("?"))).get("query"),
      'trace_id:"5b8efff798038103d269b633813fc60c"',
    );
    match(read("docker-compose.yml"), /^ {6}LOGS_URL: http:\/\/127\.0\.0\.1:\$\{LOGS_PORT:-9428\}$/m);
  });
});

/** Every series in the query is a metric's and has the labels that it is filtered and grouped by; every rate is over a minute. */
function checkQuery(label: string, expr: string): void {
  const selectors = [...expr.matchAll(/(\w+)\{([^}]*(?:\{[^}]*\}[^}]*)*)\}\[(\w+)\]/g)];
  ok(selectors.length > 0, `${label} queries nothing: ${expr}`);
  for (const [, series = "", matchers = "", window] of selectors) {
    const metric = Object.values<Metric>(metrics).find((one) => seriesNames(one).includes(series));
    ok(metric, `${label}: ${series} is not in grafana/metrics.ts`);
    const filtered = [...matchers.matchAll(/(\w+)='([^']+)'/g)].map(([, name = ""]) => name);
    const [, grouped = ""] = /\bby \(([^)]*)\)/.exec(expr) ?? [];
    for (const name of [...filtered, ...grouped.split(", ").filter((name) => name !== "le")]) {
      ok([...metric.labels, ...commonLabels].includes(name), `${label}: ${series} has no label ${name}`);
    }
    match(matchers, new RegExp(`service_name='${serviceName}'`), label);
    equal(window, "1m", label);
  }
}

/** What Grafana makes of a value in a provisioning file: `$$` is a `$`, anything else after a `$` is a variable of its environment. */
function provisioned(value: string, environment: Record<string, string>): string {
  return value
    .split("$$")
    .map((part) => part.replaceAll(/\$\{?(\w+)\}?/g, (_whole, name: string) => environment[name] ?? ""))
    .join("$");
}

/**
 * The links that Grafana shows on a span with these attributes, expanded: those whose variables have values, where it looks at the
 * first use of each variable only.
 */
function linksOf(tags: Record<string, string>, startTime = 1_764_547_200_123) {
  return links.flatMap(({ label, url, transformations }) => {
    const values = new Map([
      ["traceID", "5b8efff798038103d269b633813fc60c"],
      ["serviceName", serviceName],
    ]);
    for (const { expression, mapValue } of transformations) {
      const [, value] = new RegExp(expression).exec(String(startTime)) ?? [];
      if (value !== undefined) values.set(mapValue, value);
    }
    const missing = new Map<string, boolean>();
    const expanded = url.replaceAll(
      /\$\{(\w+)(?:\.tags\["([\w.]+)"\])?(:percentencode)?\}/g,
      (whole, name: string, tag: string | undefined, encoded: string | undefined) => {
        const value = tag === undefined ? values.get(name) : tags[tag];
        if (!missing.has(name)) missing.set(name, value === undefined);
        return value === undefined ? whole : encoded ? encodeURIComponent(value) : value;
      },
    );
    return [...missing.values()].includes(true) ? [] : [{ label, url: expanded }];
  });
}

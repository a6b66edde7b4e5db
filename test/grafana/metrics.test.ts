import { deepEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { commonLabels, type Metric, metrics, seriesNames } from "../../grafana/metrics.ts";
import { dashboards, expressions } from "./committed.ts";

const known = new Map(Object.values(metrics).flatMap((metric) => seriesNames(metric).map((name) => [name, metric])));

/** The selectors in an expression: series names, and the labels in their matchers. */
function selectors(expr: string): { name: string; matchers: string; labels: string[] }[] {
  return [...expr.matchAll(/([a-z][a-z0-9_:]*)\{([^}]*)\}/g)].map(([, name = "", matchers = ""]) => ({
    name,
    matchers,
    labels: [...matchers.matchAll(/([a-z_]+)\s*[=!]~?/g)].flatMap(([, label]) => label ?? []),
  }));
}

/** The labels that an expression groups by, without the histograms' `le`. */
function groupings(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)]
    .flatMap(([, labels = ""]) => labels.split(", "))
    .filter((label) => label !== "le");
}

/** The matchers that choose what the page is about. A recorded metric belongs to a service, not to an instance. */
function chosenBy(metric: Metric | undefined): string[] {
  if (metric?.scraped) return [`job="${metric.scraped}"`];
  return ['service_name="$service"', ...(metric?.recorded ? [] : ['service_instance_id=~"$instance"'])];
}

describe("the metrics in dashboards", () => {
  for (const dashboard of dashboards) {
    it(`${dashboard.uid}: the panels use only metrics in the table, with labels that they have`, () => {
      for (const { title, expr } of expressions(dashboard)) {
        // The line that keeps an empty graph.
        if (expr === "vector(0)") continue;
        const used = selectors(expr);
        ok(used.length > 0, `"${title}": no metric in ${expr}`);
        for (const { name, labels } of used) {
          const metric = known.get(name);
          ok(metric, `"${title}": ${name} is not in grafana/metrics.ts`);
          for (const label of [...labels, ...groupings(expr)]) {
            ok([...commonLabels, ...metric.labels].includes(label), `"${title}": ${name} has no label ${label}`);
          }
        }
      }
    });

    if (dashboard.uid !== "services")
      it(`${dashboard.uid}: the panels filter by the variables, or query the collector's own metrics`, () => {
        const byRoute = dashboard.templating.list.some(({ name, hide }) => name === "route" && hide !== 2);
        for (const { title, expr } of expressions(dashboard)) {
          for (const { name, matchers } of selectors(expr)) {
            const metric: Metric | undefined = known.get(name);
            const chosen = chosenBy(metric);
            if (byRoute && metric?.labels.includes("http_route")) {
              chosen.push('http_route=~"$route"', 'http_route!~"$hidden"');
            }
            for (const matcher of chosen) ok(matchers.includes(matcher), `"${title}": ${name} without ${matcher}`);
          }
        }
      });

    it(`${dashboard.uid}: the variables use only metrics in the table`, () => {
      for (const { name, definition } of dashboard.templating.list) {
        if (definition === undefined) continue;
        const used = definition.match(/[a-z_]+_(?:count|bucket|sum|total)\b/g) ?? [];
        ok(used.length > 0, name);
        for (const series of used) ok(known.has(series), `${series} in $${name}`);
      }
    });
  }

  it("in a trace's links are in the table", () => {
    const provisioning = new URL("../../grafana/provisioning/datasources/datasources.yaml", import.meta.url);
    const used = selectors(readFileSync(provisioning, "utf8")).map(({ name }) => name);
    deepEqual(
      used.filter((name) => !known.has(name)),
      [],
    );
    ok(used.length > 0);
  });
});

describe("names in Prometheus", () => {
  it("are the OpenTelemetry names with unit and kind, as its OTLP receiver translates them", () => {
    deepEqual(seriesNames(metrics.requestDuration), [
      "http_server_request_duration_seconds_bucket",
      "http_server_request_duration_seconds_count",
      "http_server_request_duration_seconds_sum",
    ]);
    deepEqual(seriesNames(metrics.slowQueries), ["db_query_slow_total"]);
    deepEqual(seriesNames(metrics.poolWaiting), ["db_client_connection_pending_requests"]);
    deepEqual(seriesNames(metrics.memoryUsage), ["process_memory_usage_bytes"]);
    deepEqual(seriesNames(metrics.loopUtilization), ["nodejs_eventloop_utilization_ratio"]);
    deepEqual(seriesNames(metrics.cpuTime), ["process_cpu_time_seconds_total"]);
  });

  it("of scraped metrics stay as they are", () => {
    deepEqual(seriesNames(metrics.receivedSpans), ["otelcol_receiver_accepted_spans"]);
  });
});

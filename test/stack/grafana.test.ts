// Grafana has loaded the data sources with their links and all dashboards, and runs each query of each panel.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { addresses } from "./compose.ts";
import { dashboards, fillIn, queriesOf } from "./dashboards.ts";
import { grafanaRuns } from "./hooks.ts";

async function ask(path: string, body?: object): Promise<unknown> {
  const response = await fetch(addresses.grafana + path, {
    ...(body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

describe("stack: Grafana", () => {
  before("skipped without its image", function () {
    if (!grafanaRuns) this.skip();
  });

  for (const uid of ["prometheus", "jaeger"]) {
    it(`reaches ${uid}`, async () => {
      const health = z.object({ status: z.string() }).parse(await ask(`/api/datasources/uid/${uid}/health`));
      assert.equal(health.status, "OK");
    });
  }

  it("has loaded the links of a span, with the address of the log store", async () => {
    const { correlations } = z
      .object({
        correlations: z.array(
          z.object({
            label: z.string(),
            type: z.string(),
            config: z.object({ target: z.object({ url: z.string() }) }),
          }),
        ),
      })
      .parse(await ask("/api/datasources/correlations?sourceUID=jaeger"));
    const file = join(import.meta.dirname, "../../grafana/provisioning/datasources/datasources.yaml");
    const { datasources } = z
      .object({
        datasources: z.array(z.object({ correlations: z.array(z.object({ label: z.string() })).default([]) })),
      })
      .parse(parse(readFileSync(file, "utf8")));
    assert.deepEqual(
      correlations.map(({ label }) => label).toSorted(),
      datasources.flatMap((source) => source.correlations.map(({ label }) => label)).toSorted(),
    );
    const url = (label: string) => correlations.find((one) => one.label === label)?.config.target.url ?? "";
    assert.match(
      url("Log lines of this trace"),
      /^http:\/\/127\.0\.0\.1:\d+\/select\/vmui\/#\/\?query=trace_id%3A%22\$\{traceID\}%22/,
    );
    assert.match(url("p95 of this route"), /http_route='\$\{__span\.tags\["http\.route"\]:percentencode\}'/);
  });

  for (const dashboard of dashboards) {
    it(`has loaded the dashboard "${dashboard.title}"`, async () => {
      const loaded = z
        .object({ dashboard: z.object({ uid: z.string(), title: z.string(), panels: z.array(z.unknown()) }) })
        .parse(await ask(`/api/dashboards/uid/${dashboard.uid}`));
      assert.equal(loaded.dashboard.title, dashboard.title);
      assert.equal(loaded.dashboard.panels.length, dashboard.panels.length);
    });

    it(`runs each query of "${dashboard.title}"`, async () => {
      const fill = await fillIn(dashboard);
      for (const { name, type, source, target } of queriesOf(dashboard)) {
        const filled = JSON.parse(JSON.stringify(target), (_key, value) =>
          typeof value === "string" ? fill(value) : value,
        );
        const query = { ...filled, datasource: { type: source, uid: source }, maxDataPoints: 100 };
        const answer = z
          .object({
            results: z.record(z.string(), z.object({ error: z.string().optional(), frames: z.array(z.unknown()) })),
          })
          .parse(await ask("/api/ds/query", { queries: [query], from: "now-15m", to: "now" }));
        const result = answer.results[target.refId];
        assert.equal(result?.error, undefined, name);
        // A group without events has no series.
        if (type === "stat") assert.ok(result && result.frames.length > 0, `${name}: no data`);
      }
    });
  }
});

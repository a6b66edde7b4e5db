// Grafana has loaded the data sources and dashboards, and its data sources reach their servers.
import assert from "node:assert/strict";
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

  for (const dashboard of dashboards) {
    it(`has loaded the dashboard "${dashboard.title}"`, async () => {
      const loaded = z
        .object({ dashboard: z.object({ uid: z.string(), title: z.string(), panels: z.array(z.unknown()) }) })
        .parse(await ask(`/api/dashboards/uid/${dashboard.uid}`));
      assert.equal(loaded.dashboard.title, dashboard.title);
      assert.equal(loaded.dashboard.panels.length, dashboard.panels.length);
    });

    it(`runs each Prometheus query of "${dashboard.title}"`, async () => {
      const fill = await fillIn(dashboard);
      const queries = queriesOf(dashboard).filter(({ source }) => source === "prometheus");
      for (const { name, source, target } of queries) {
        const filled = { ...target, expr: fill(target.expr ?? ""), datasource: { uid: source }, maxDataPoints: 100 };
        const answer = z
          .object({
            results: z.record(z.string(), z.object({ error: z.string().optional(), frames: z.array(z.unknown()) })),
          })
          .parse(await ask("/api/ds/query", { queries: [filled], from: "now-15m", to: "now" }));
        const result = answer.results[target.refId];
        assert.equal(result?.error, undefined, name);
        assert.ok(result && result.frames.length > 0, `${name}: no data`);
      }
    });
  }
});

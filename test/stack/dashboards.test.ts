// Every query of every dashboard finds data in the real servers within a minute of requests of every kind.
import assert from "node:assert/strict";
import { z } from "zod";
import { type Dashboard, dashboards, fillIn, queriesOf } from "./dashboards.ts";
import { eventually } from "./eventually.ts";
import { searchTraces } from "./jaeger.ts";
import { query, selectorsOf } from "./prometheus.ts";
import { startVariety } from "./variety.ts";

/** Rare requests, such as failing ones, may take this long to appear. */
const withinS = 50;

const jaegerSearch = z.object({
  queryType: z.literal("search"),
  service: z.string(),
  operation: z.string().optional(),
  tags: z.string().optional(),
  minDuration: z.string().optional(),
  maxDuration: z.string().optional(),
});

describe("stack: dashboards", () => {
  let variety: Awaited<ReturnType<typeof startVariety>>;
  before("send requests of every kind", async () => {
    variety = await startVariety();
  });
  after(() => variety.stop());

  for (const dashboard of dashboards) describe(`"${dashboard.title}"`, () => testDashboard(dashboard));
});

function testDashboard(dashboard: Dashboard): void {
  let fill: (text: string) => string;

  before("fill in its variables", async () => {
    fill = await eventually(withinS, () => fillIn(dashboard));
  });

  for (const { name, expr } of dashboard.annotations.list) {
    it(`can draw the lines of ${name}, and has one for the start of the service`, async () => {
      const found = await query(`count_over_time((${fill(expr)})[30m:15s])`);
      if (name === "Deploys") assert.match(found[0]?.labels.service_version ?? "none", /^\d+\.\d+\.\d+$/);
    });
  }

  for (const { name, source, target } of queriesOf(dashboard)) {
    it(`finds data for ${name}`, async () => {
      if (source === "prometheus") await expectSamples(fill(target.expr ?? ""));
      else if (source === "jaeger") await expectTraces(jaegerSearch.parse(target), fill);
      else assert.fail(`the data source ${source} is not one of this stack`);
    });
  }
}

/**
 * Series that a healthy stack does not have, because they start with the first event. dashboards-idle.test.ts tests that their
 * panels show zero until then.
 */
const maybeMissing = [
  { parts: ["service:verdict", "nothing_wrong"], because: "failing requests are something wrong" },
  { parts: ["db_query_", '!=""'], because: "no query was slow, killed or run again" },
  { parts: ["db_client_operation_duration_seconds_count", 'error_type!=""'], because: "no query failed" },
  { parts: ["otelcol_exporter_send_failed_"], because: "the collector counts from the first failure on" },
  { parts: ["otelcol_exporter_enqueue_failed_"], because: "the collector counts from the first failure on" },
];
const mayBeMissing = (selector: string) =>
  maybeMissing.some(({ parts }) => parts.every((part) => selector.includes(part)));

/** What filters zeros out may be empty, and a fallback such as `or vector(0)` always has a result: so the series must exist. */
async function expectSamples(expression: string): Promise<void> {
  // The line that keeps an empty graph.
  if (expression === "vector(0)") return;
  const selectors = await selectorsOf(expression);
  assert.ok(selectors.length > 0, "the query reads no series");
  await eventually(withinS, async () => {
    const found = await query(expression);
    if (!/> 0/.test(expression)) assert.ok(found.length > 0, `no value from ${expression}`);
    for (const selector of selectors) {
      if (mayBeMissing(selector)) continue;
      assert.notDeepEqual(await query(`last_over_time(${selector}[15m])`), [], `no series ${selector}`);
    }
  });
}

async function expectTraces(search: z.infer<typeof jaegerSearch>, fill: (text: string) => string): Promise<void> {
  const { queryType, tags, ...rest } = search;
  const parameters = Object.fromEntries(Object.entries(rest).map(([name, text = ""]) => [name, fill(text)]));
  // Grafana uses `name=value` pairs for tags, Jaeger uses JSON.
  const pairs = [...(tags ?? "").matchAll(/([\w.]+)=("[^"]*"|\S+)/g)];
  if (pairs.length > 0) {
    parameters.tags = JSON.stringify(
      Object.fromEntries(pairs.map(([, name = "", text = ""]) => [name, text.replaceAll('"', "")])),
    );
  }
  await eventually(withinS, async () => assert.notDeepEqual(await searchTraces(parameters), [], "no trace"));
}

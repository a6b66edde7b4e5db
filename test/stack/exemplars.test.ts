// The dots on the latency graphs: each opens an existing trace, even where most traces are dropped.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { paths } from "../support/fixture/routes.ts";
import { startCollector } from "./collector.ts";
import { dashboards, fillIn, queriesOf } from "./dashboards.ts";
import { eventually } from "./eventually.ts";
import { findTrace, tracesOf } from "./jaeger.ts";
import { newTraceId, sendSpans, type TestSpan } from "./otlp.ts";
import { exemplarTraceIds } from "./prometheus.ts";
import { routes, send } from "./service.ts";

/** Minimum number to check. */
const enough = 20;

/** The trace ids behind the dots of all panels, for a service. */
async function dots(service: string): Promise<Set<string>> {
  const found = await Promise.all(
    dashboards.map(async (dashboard) => {
      const fill = await fillIn(dashboard);
      const queries = queriesOf(dashboard).flatMap(({ target }) => (target.exemplar && target.expr) || []);
      return Promise.all(queries.map((expr) => exemplarTraceIds(fill(expr.replaceAll("$service", service)))));
    }),
  );
  return new Set(found.flat(2));
}

/** Calls `sendSome` until Prometheus has enough exemplars of the service, then looks up the trace of each. */
async function expectTraces(service: string, sendSome: () => Promise<void>): Promise<void> {
  // Each flush of the collector brings a few.
  const traceIds = await eventually(60, async () => {
    await sendSome();
    await pause(500);
    const found = await dots(service);
    assert.ok(found.size >= enough, `${found.size} exemplars`);
    return found;
  });
  // Exemplars may arrive before their traces.
  await eventually(10, async () => {
    const found = await Promise.all([...traceIds].map(async (id) => ({ id, spans: (await findTrace(id)).length })));
    const missing = found.filter(({ spans }) => spans === 0).map(({ id }) => id);
    assert.deepEqual(missing, [], `of ${traceIds.size} exemplars`);
  });
}

describe("stack: exemplars", function () {
  this.timeout(120_000);

  it("each open a trace of the service in Jaeger", async () => {
    const requests = [
      { route: routes.item, path: paths.item },
      { route: routes.items },
      { route: routes.cached },
      { route: "unmatched", path: "/nothing" },
    ];
    await expectTraces(serviceName, async () => {
      for (const request of requests) await send(request);
    });
  });

  it("each open a trace even where only a tenth of the traces is kept", async () => {
    const service = `exemplars-${randomBytes(4).toString("hex")}`;
    const collector = await startCollector(10);
    let sent = 0;
    try {
      await expectTraces(service, async () => {
        const spans = Array.from({ length: 100 }, (_, index): TestSpan => {
          const route = `/things/${index % 5}`;
          const attributes = { "http.route": route, "http.response.status_code": 200 };
          return { traceId: newTraceId(), name: `GET ${route}`, durationMs: 4 + 3 * index, attributes };
        });
        await sendSpans(collector.url, { service }, spans);
        sent += spans.length;
      });
      const { size } = await tracesOf(service);
      assert.ok(size < sent / 2, `${size} of ${sent} traces are kept: too many to show anything`);
    } finally {
      await collector.stop();
    }
  });
});

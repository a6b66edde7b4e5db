// The collector goes down and comes back: the service keeps working, and everything sent afterwards arrives.
import assert from "node:assert/strict";
import { addresses, compose } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { findTrace } from "./jaeger.ts";
import { countedRequests } from "./request-count.ts";
import { get, routes, sentCount } from "./service.ts";

const requests = 50;

describe("stack: restart of the collector", () => {
  const duringOutage: number[] = [];
  const traceIds: string[] = [];

  before("stop the collector, send requests, start it again, send more", async () => {
    await eventually(30, expectAllCounted);
    await compose(["stop", "otel-collector"]);
    for (let id = 1; id <= requests; id += 1) duringOutage.push((await get(id)).status);
    await compose(["start", "otel-collector"]);
    await eventually(30, async () => {
      const body = JSON.stringify({ resourceSpans: [] });
      const headers = { "content-type": "application/json" };
      assert.equal((await fetch(`${addresses.otlp}/v1/traces`, { method: "POST", headers, body })).status, 200);
    });
    for (let id = 1; id <= requests; id += 1) {
      const { status, traceId } = await get(id);
      assert.equal(status, 200);
      traceIds.push(traceId);
    }
  });

  it("responds to every request while it is down", () => {
    assert.deepEqual(
      duringOutage,
      traceIds.map(() => 200),
    );
  });

  it("has every trace since then in Jaeger", async () => {
    await eventually(30, async () => {
      const found = await Promise.all(traceIds.map(async (traceId) => (await findTrace(traceId)).length));
      assert.deepEqual(
        found,
        traceIds.map(() => 2),
      );
    });
  });

  it("has counted every request in Prometheus exactly once, including those during the outage", () =>
    eventually(30, expectAllCounted));
});

async function expectAllCounted(): Promise<void> {
  assert.equal(await countedRequests("GET", routes.item, 200), sentCount("GET", routes.item, 200));
}

// The collector goes away and comes back: the service does not notice, and what is sent from then on arrives completely.
import assert from "node:assert/strict";
import { addresses, compose } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { findTrace } from "./jaeger.ts";
import { countedRequests } from "./request-count.ts";
import { send, sentCount } from "./service.ts";

const route = "/api/automations/{id}";
const requests = 50;

describe("stack: restart of the collector", () => {
  let counted = 0;
  const traceIds: string[] = [];

  before("restart the collector, then send requests", async () => {
    await eventually(30, async () => {
      counted = await countedRequests("GET", route, 200);
      assert.equal(counted, sentCount("GET", route, 200));
    });
    await compose(["restart", "otel-collector"]);
    await eventually(30, async () => {
      const body = JSON.stringify({ resourceSpans: [] });
      const headers = { "content-type": "application/json" };
      assert.equal((await fetch(`${addresses.otlp}/v1/traces`, { method: "POST", headers, body })).status, 200);
    });
    for (let id = 1; id <= requests; id += 1) {
      const { status, traceId } = await send({ route, path: `/api/automations/${id}` });
      assert.equal(status, 200);
      traceIds.push(traceId);
    }
  });

  it("has every trace in Jaeger", async () => {
    await eventually(30, async () => {
      const found = await Promise.all(traceIds.map(async (traceId) => (await findTrace(traceId)).length));
      assert.deepEqual(
        found,
        traceIds.map(() => 2),
      );
    });
  });

  it("has counted every request in Prometheus, once", async () => {
    await eventually(30, async () => assert.equal(await countedRequests("GET", route, 200), counted + requests));
  });
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { durationBounds } from "../../../src/platform/telemetry/duration-bounds.ts";
import { createDatabase, eventually, spawnService, token } from "../../support/helper.ts";
import { spanKind, startOtlpReceiver } from "../../support/otlp-receiver.ts";
import { dependency, ok } from "./dependency.ts";

describe("the telemetry of outbound calls", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
  let service: Awaited<ReturnType<typeof spawnService>>;
  before(async () => {
    db = await createDatabase();
    receiver = await startOtlpReceiver();
    // One connection, so that calls queue for it, and slots for all: one caller gets a quarter of them for such calls.
    const slots = { ADMISSION_LIMIT: "40", DB_POOL_WAIT_MS: "10000" };
    const times = { ...slots, OUTBOUND_TIMEOUT_MS: "20000", DEADLINE_MS: "30000" };
    const env = { ...times, MYSQL_URL: db.url, OUTBOUND_CONNECTIONS: "1", OUTBOUND_ALLOW_PRIVATE: "127.0.0.1" };
    service = await spawnService({ ...receiver.env, ...env });
  });
  after(async () => {
    await service.stop();
    receiver.stop();
    await db.drop();
  });

  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

  async function callsOf(url: string): Promise<string> {
    const body = JSON.stringify({ name: "Call me", url });
    const created = await fetch(`${service.url}/api/fixture/items`, { method: "POST", headers, body });
    return `${service.url}${created.headers.get("location")}/calls`;
  }

  it("sends each call's own span as the parent, even after a wait for a connection", async () => {
    const target = await dependency((socket) => void setTimeout(() => ok(socket), 50));
    const url = await callsOf(target.url);
    const traces = Array.from({ length: 5 }, () => randomBytes(16).toString("hex"));
    await Promise.all(
      traces.map(async (traceId) => {
        const traceparent = `00-${traceId}-${randomBytes(8).toString("hex")}-01`;
        const answer = await fetch(url, { method: "POST", headers: { ...headers, traceparent } });
        assert.equal(answer.status, 201);
      }),
    );
    const arrived = [...target.received.join("").matchAll(/^traceparent: 00-(\w{32})-(\w{16})-01\r$/gm)];
    assert.deepEqual(new Set(arrived.map(([, traceId]) => traceId)), new Set(traces));
    for (const [, traceId, spanId] of arrived) {
      const span = await eventually("the span of the call", () =>
        receiver.spans.find((one) => one.traceId === traceId && one.spanId === spanId),
      );
      assert.equal(span.kind, spanKind.client);
      const server = await eventually("the span of the request", () =>
        receiver.spans.find((one) => one.traceId === traceId && one.kind === spanKind.server),
      );
      assert.equal(span.parentSpanId, server.spanId);
    }
    await target.stop();
  });

  it("measures calls, and exports retries and refusals from zero on", async () => {
    const counts = (metric: string, attribute: string) =>
      Object.fromEntries(receiver.points(metric).map(({ attributes, asInt }) => [attributes[attribute], asInt]));
    const [duration] = await eventually("the durations", () => {
      const points = receiver.points("http.client.request.duration");
      return points.length > 0 && points;
    });
    assert.deepEqual(duration?.explicitBounds, durationBounds);
    assert.deepEqual(counts("http.client.retries", "outcome"), { sent: 0, no_budget: 0, no_time: 0 });
    assert.deepEqual(counts("http.client.refused", "reason"), { scheme: 0, credentials: 0, address: 0 });
    await db.connection.query("UPDATE fixture_items SET url = 'http://10.0.0.1/'");
    assert.equal((await fetch(`${service.url}/api/fixture/items/1/calls`, { method: "POST", headers })).status, 422);
    await eventually("the refusal", () => counts("http.client.refused", "reason").address === 1);
  });
});

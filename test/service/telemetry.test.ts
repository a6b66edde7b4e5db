import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { durationBounds } from "../../src/platform/telemetry/duration-bounds.ts";
import { createDatabase, eventually, freePort, spawnService, token } from "../support/helper.ts";
import { spanKind, startOtlpReceiver } from "../support/otlp-receiver.ts";

const headers = { authorization: `Bearer ${token}` };
let db: Awaited<ReturnType<typeof createDatabase>>;
before(async () => {
  db = await createDatabase();
});
after(() => db.drop());

function newTrace() {
  const traceId = randomBytes(16).toString("hex");
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01` };
}

/** Returns seconds. */
function durationOf({
  startTimeUnixNano,
  endTimeUnixNano,
}: {
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
}): number {
  return Number(endTimeUnixNano - startTimeUnixNano) / 1e9;
}

// The service sends protobuf by default; some vendors accept only JSON.
for (const [mode, protocol] of [
  ["lean", "http/protobuf"],
  ["lean", "http/json"],
  ["standard", "http/protobuf"],
] as const) {
  describe(`${mode} telemetry over ${protocol}`, () => {
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let service: Awaited<ReturnType<typeof spawnService>>;
    before(async () => {
      receiver = await startOtlpReceiver(protocol);
      service = await spawnService({
        ...receiver.env,
        MYSQL_URL: db.url,
        TELEMETRY_MODE: mode,
        FIXTURE_ITEMS: "10000",
        DB_POOL_LIMIT: "3",
        DB_POOL_MAX_IDLE: "3",
        DB_POOL_WAIT_MS: "8000",
        DEADLINE_MS: "20000",
        DB_QUERY_TIMEOUT_MS: "8000",
        OUTBOUND_TIMEOUT_MS: "15000",
        OUTBOUND_CONNECT_TIMEOUT_MS: "10000",
        ADMISSION_LIMIT: "100",
      });
    });
    after(async () => {
      await service.stop();
      receiver.stop();
    });

    const spansOf = (traceId: string, count: number) =>
      eventually(`${count} spans of ${traceId}`, () => {
        const spans = receiver.spans.filter((span) => span.traceId === traceId);
        return spans.length >= count && spans;
      });

    it("creates a server span with the route, and a query span below it", async () => {
      const { traceId, traceparent } = newTrace();
      assert.equal(
        (await fetch(`${service.url}/api/fixture/items/17?secret=1`, { headers: { ...headers, traceparent } })).status,
        200,
      );
      const spans = await spansOf(traceId, 2);
      assert.equal(spans.length, 2);
      const server = spans.find((span) => span.kind === spanKind.server);
      const query = spans.find((span) => span.kind === spanKind.client);
      assert.equal(server?.name, "GET /api/fixture/items/{id}");
      assert.equal(server.attributes["http.route"], "/api/fixture/items/{id}");
      assert.equal(server.attributes["http.response.status_code"], 200);
      assert.equal(query?.parentSpanId, server.spanId);
      assert.equal(query.name, "items.get");
      assert.equal(query.attributes["db.system.name"], "mysql");
      assert.match(String(query.attributes["db.query.text"]), /WHERE id = \?$/);
    });

    it("keeps the query spans of 50 parallel requests apart on 3 connections", async () => {
      const traces = Array.from({ length: 50 }, newTrace);
      const urls = (index: number) => `${service.url}/api/fixture/items?search=nothing-like-${index}`;
      await db.connection.query("LOCK TABLES fixture_items WRITE");
      const asked = traces.map(({ traceparent }, index) => fetch(urls(index), { headers: { traceparent } }));
      const pending = () => receiver.points("db.client.connection.pending_requests")[0]?.asInt;
      await eventually("47 waits for a connection", () => pending() === 47);
      await db.connection.query("UNLOCK TABLES");
      const answers = await Promise.all(asked);
      assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
      let waited = 0;
      for (const { traceId } of traces) {
        const spans = await spansOf(traceId, 2);
        assert.deepEqual(spans.map((span) => span.kind).toSorted(), [spanKind.server, spanKind.client], traceId);
        const server = spans.find((span) => span.kind === spanKind.server);
        const query = spans.find((span) => span.kind === spanKind.client);
        assert.equal(query?.parentSpanId, server?.spanId);
        if (Number(query?.attributes["db.client.connection.wait_time"]) > 0.005) waited += 1;
      }
      assert.ok(waited >= 47, `${waited} of 50 waited for a connection`);
      const counts = await eventually("the pool's size", () => {
        const points = receiver.points("db.client.connection.count");
        return points.length === 2 && points;
      });
      assert.equal(
        counts.reduce((sum, point) => sum + (point.asInt ?? 0), 0),
        3,
      );
    });

    it("breaks down the server span's time into phases", async () => {
      const names = ["loop", "outbound", "query", "pool", "queue", "auth", "receive", "own"];
      const differences: number[] = [];
      for (let time = 0; time < 5; time++) {
        const { traceId, traceparent } = newTrace();
        await fetch(`${service.url}/api/fixture/items/1`, { headers: { ...headers, traceparent } });
        const spans = await spansOf(traceId, 2);
        const server = spans.find((span) => span.kind === spanKind.server);
        const query = spans.find((span) => span.kind === spanKind.client);
        assert.ok(server && query);
        const seconds = names.map((name) => Number(server.attributes[`request.phase.${name}`]));
        // Microseconds: more digits are noise in a trace.
        for (const value of [...seconds, Number(query.attributes["db.client.connection.wait_time"])])
          assert.match(String(value), /^\d+(\.\d{1,6})?$|^\de-[56]$/);
        const sum = seconds.reduce((total, phase) => total + phase, 0);
        const inQuery = Number(server.attributes["request.phase.query"]);
        differences.push(Math.max(Math.abs(sum - durationOf(server)), Math.abs(inQuery - durationOf(query))));
        assert.match(String(server.attributes["request.id"]), /^[\w-]{36}$/);
      }
      // The best of five, because a busy machine can pause the service between two readings of the clock.
      assert.ok(Math.min(...differences) < 0.005, `${differences} s`);
      const points = await eventually("its phases in the metrics", () => {
        const found = receiver.points("request.phase.duration");
        return found.some((point) => point.attributes["http.route"] === "/api/fixture/items/{id}") && found;
      });
      for (const name of names)
        assert.ok(
          points.some((point) => point.attributes.phase === name),
          name,
        );
    });

    it("counts requests by route, and unknown paths as one", async () => {
      for (let index = 0; index < 20; index++) {
        const path = [`/${randomBytes(4).toString("hex")}`, `/api/fixture/items/${index}/nothing`][index % 2];
        assert.equal((await fetch(service.url + path)).status, 404);
      }
      await fetch(`${service.url}/health`);
      await fetch(`${service.url}/api/fixture/items/1`);
      const expected = new Map([
        ["unmatched 404", 20],
        ["/health 200", 1],
        ["/api/fixture/items/{id} 401", 1],
      ]);
      const found = await eventually("the metrics of all requests", () => {
        const points = receiver.points("http.server.request.duration");
        const counts = new Map(
          points.map(({ attributes, count }) => [
            `${attributes["http.route"]} ${attributes["http.response.status_code"]}`,
            count,
          ]),
        );
        return [...expected].every(([key, count]) => counts.get(key) === count) && points;
      });
      const routes = new Set(found.map((point) => point.attributes["http.route"]));
      assert.deepEqual(routes, new Set(["unmatched", "/health", "/api/fixture/items/{id}", "/api/fixture/items"]));
    });

    it("creates no spans for probes and metrics, nor for the database's ping below them, but counts both", async () => {
      const probes = ["/health", "/health/live", "/health/ready", "/metrics"];
      for (const path of probes) {
        const answer = await fetch(service.url + path, { headers: { traceparent: newTrace().traceparent } });
        assert.equal(answer.status, 200, path);
      }
      const { traceId, traceparent } = newTrace();
      await fetch(`${service.url}/health/unknown?later=1`, { headers: { traceparent } });
      // Spans are sent in order, so the probes' would have arrived before this one.
      await spansOf(traceId, 1);
      const found = receiver.spans.filter(
        ({ name, attributes }) => probes.includes(String(attributes["url.path"])) || name === "health.ping",
      );
      assert.deepEqual(found, []);
      await eventually("the probes in the metrics", () => {
        const routes = receiver.points("http.server.request.duration").map((point) => point.attributes["http.route"]);
        const queries = receiver.points("db.client.operation.duration");
        return (
          probes.every((path) => routes.includes(path)) &&
          queries.some(({ attributes }) => attributes["db.query.summary"] === "health.ping")
        );
      });
    });

    it("sets the kind of refusal on the server span", async () => {
      const { traceId, traceparent } = newTrace();
      const input = { name: "Away", url: `http://127.0.0.1:${await freePort()}/hooks` };
      const created = await fetch(`${service.url}/api/fixture/items`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(input),
      });
      const call = await fetch(`${service.url}${created.headers.get("location")}/calls`, {
        method: "POST",
        headers: { ...headers, traceparent },
      });
      assert.equal(call.status, 503);
      const spans = await spansOf(traceId, 8);
      const server = spans.find((span) => span.kind === spanKind.server);
      assert.equal(server?.attributes["error.type"], "dependency_failed");
      // The state of the service at the time.
      for (const name of [
        "admission.running",
        "admission.queued",
        "db.client.connection.used",
        "nodejs.eventloop.delay",
      ]) {
        assert.ok(Number(server.attributes[name]) >= 0, name);
      }
      assert.deepEqual(
        spans
          .filter((span) => span.kind === spanKind.client)
          .map((span) => span.name)
          .toSorted(),
        ["BEGIN", "COMMIT", "POST 127.0.0.1", "calls.create", "calls.update", "items.get"],
      );
      // The statements of a transaction are children of its span.
      const finish = spans.find((span) => span.name === "calls.finish");
      const inTransaction = new Set(["BEGIN", "COMMIT", "calls.update"]);
      for (const span of spans) {
        if (span === server) continue;
        assert.equal(span.parentSpanId, (inTransaction.has(span.name) ? finish : server)?.spanId, span.name);
      }
    });

    it("runs in this mode without a fallback", () => {
      assert.deepEqual(
        service.log().filter(({ msg }) => String(msg).startsWith("telemetry:")),
        [],
      );
    });

    it("sends the metrics of the pool and the runtime", async () => {
      const names = [
        "http.server.request.duration",
        "db.client.operation.duration",
        "db.client.connection.count",
        "db.client.connection.max",
        "db.client.connection.pending_requests",
        "db.client.connection.wait_time",
        "db.client.connection.timeouts",
        "db.query.slow",
        "nodejs.eventloop.delay.p99",
        "nodejs.eventloop.utilization",
        "v8js.memory.heap.used",
      ];
      const missing = () => names.filter((name) => !receiver.metricNames().includes(name));
      await eventually("all metrics", () => missing().length === 0).catch(() => assert.deepEqual(missing(), []));
    });

    it("has the same bucket bounds in all histograms of its own durations", () => {
      for (const name of [
        "http.server.request.duration",
        "request.phase.duration",
        "admission.wait.duration",
        "db.client.operation.duration",
        "db.client.connection.wait_time",
      ]) {
        const points = receiver.points(name);
        assert.ok(points.length > 0, name);
        for (const { explicitBounds } of points) assert.deepEqual(explicitBounds, durationBounds, name);
      }
    });

    it("adds the trace id to each log line of a request", async () => {
      const slow = await spawnService({ ...receiver.env, MYSQL_URL: db.url, SLOW_REQUEST_MS: "1", SLOW_QUERY_MS: "1" });
      const { traceId, traceparent } = newTrace();
      await fetch(`${slow.url}/api/fixture/items?search=nothing`, { headers: { traceparent } });
      const lines = await eventually("two lines", () => {
        const found = slow.log().filter((line) => line.level === "warn");
        return found.length === 2 && found;
      });
      assert.deepEqual(lines.map((line) => line.msg).toSorted(), ["slow query", "slow request"]);
      for (const line of lines) {
        assert.equal(line.trace_id, traceId);
        assert.match(String(line.span_id), /^[0-9a-f]{16}$/);
      }
      await slow.stop();
    });
  });
}

describe("the OTEL_* variables", () => {
  it("set the service, resource, headers, propagator and limits", async () => {
    const receiver = await startOtlpReceiver();
    const service = await spawnService({
      ...receiver.env,
      MYSQL_URL: db.url,
      OTEL_SERVICE_NAME: "orders",
      OTEL_RESOURCE_ATTRIBUTES: "team=payments,deployment.environment.name=staging",
      OTEL_EXPORTER_OTLP_HEADERS: "x-api-key=for-the-vendor",
      OTEL_PROPAGATORS: "b3",
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "12",
      OTEL_METRICS_EXPORTER: "none",
    });
    const { traceId } = newTrace();
    await fetch(`${service.url}/api/fixture/items`, {
      headers: { b3: `${traceId}-${randomBytes(8).toString("hex")}-1` },
    });
    const query = await eventually("the query span", () =>
      receiver.spans.find((span) => span.traceId === traceId && span.kind === spanKind.client),
    );
    assert.equal(String(query.attributes["db.query.text"]).length, 12);
    const resource = receiver.resources[0];
    assert.equal(resource?.["service.name"], "orders");
    assert.equal(resource?.team, "payments");
    assert.equal(resource?.["deployment.environment.name"], "staging");
    assert.match(String(resource?.["service.instance.id"]), /./);
    assert.ok(receiver.requests.every((request) => request.headers["x-api-key"] === "for-the-vendor"));
    assert.ok(receiver.requests.every((request) => request.path !== "/v1/metrics"));
    await service.stop();
    receiver.stop();
  });

  it("set the sampler, and turn off the SDK", async () => {
    for (const env of [{ OTEL_TRACES_SAMPLER: "always_off" }, { OTEL_SDK_DISABLED: "true" }]) {
      const receiver = await startOtlpReceiver();
      const service = await spawnService({ ...receiver.env, ...env, MYSQL_URL: db.url });
      assert.equal((await fetch(`${service.url}/api/fixture/items`)).status, 200);
      // Stopping flushes the rest, so nothing can arrive later.
      assert.equal(await service.stop(), 0);
      assert.deepEqual(receiver.spans, []);
      if ("OTEL_SDK_DISABLED" in env) assert.deepEqual(receiver.requests, []);
      else assert.ok(receiver.points("http.server.request.duration").length > 0);
      receiver.stop();
    }
  });
});

describe("an added library", () => {
  it("is traced without setup: a query through knex is a child of the caller's span", async () => {
    const receiver = await startOtlpReceiver();
    const script = `
      import { trace } from "@opentelemetry/api";
      import knex from "knex";
      const db = knex({ client: "mysql2", connection: process.env.MYSQL_URL });
      await trace.getTracer("test").startActiveSpan("caller", async (span) => {
        await db.select(db.raw("? as number", [1]));
        span.end();
      });
      await db.destroy();
      const { telemetry } = await import("./src/telemetry.ts");
      await telemetry.shutdown();`;
    const entry = ["--import", "./src/telemetry.ts", "--input-type=module", "--eval", script];
    const added = await spawnService({ ...receiver.env, MYSQL_URL: db.url }, entry);
    assert.equal(await added.exited, 0, added.errors());
    const caller = receiver.spans.find((span) => span.name === "caller");
    const traced = receiver.spans.filter(
      (span) => span.parentSpanId === caller?.spanId && span.kind === spanKind.client,
    );
    assert.equal(traced.length, 1);
    assert.match(String(traced[0]?.attributes["db.query.text"]), /select \? as number/);
    receiver.stop();
  });
});

describe("an unavailable collector", () => {
  const fast = {
    OTEL_BSP_SCHEDULE_DELAY: "50",
    OTEL_METRIC_EXPORT_INTERVAL: "100",
    OTEL_METRIC_EXPORT_TIMEOUT: "100",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    // For 50 requests at a time on a busy machine.
    ADMISSION_LIMIT: "100",
    DB_POOL_WAIT_MS: "10000",
    DEADLINE_MS: "20000",
  };

  async function load(url: string, count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/api/fixture/cached`)));
      for (const answer of answers) {
        assert.equal(answer.status, 200);
        await answer.arrayBuffer();
      }
    }
  }

  it("fails no request and is logged once when it refuses connections", async () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    const service = await spawnService({ ...fast, ...endpoint, MYSQL_URL: db.url });
    await load(service.url, 500);
    await eventually("a line about the collector", () => service.log().some((line) => line.component === "telemetry"));
    await load(service.url, 2500);
    assert.equal(await service.stop(), 0);
    assert.equal(service.log().filter((line) => line.component === "telemetry").length, 1);
    assert.equal(service.errors(), "");
  });

  it("fails no request, uses bounded memory and is logged once when it hangs", async () => {
    const hanging = createServer(() => {}).listen(0, "127.0.0.1");
    await once(hanging, "listening");
    const address = hanging.address();
    assert.ok(typeof address === "object" && address !== null);
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}` };
    const service = await spawnService({
      ...fast,
      ...endpoint,
      MYSQL_URL: db.url,
      NODE_OPTIONS: "--max-old-space-size=64",
    });
    await load(service.url, 5000);
    await eventually("a line about the collector", () => service.log().some((line) => line.component === "telemetry"));
    const startedAt = performance.now();
    assert.equal(await service.stop(), 0);
    assert.ok(performance.now() - startedAt < 5000, "it doesn't delay the exit");
    assert.equal(service.log().filter((line) => line.component === "telemetry").length, 1);
    hanging.close();
    hanging.closeAllConnections();
  });
});

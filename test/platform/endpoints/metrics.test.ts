import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import Koa from "koa";
import { z } from "zod";
import { metricsEndpoint } from "../../../src/platform/endpoints/metrics.ts";
import type { RequestState } from "../../../src/platform/http/types.ts";
import { OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { addressOf, createDatabase, spawnService, token } from "../../support/helper.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const seconds = z.number().nonnegative();
const answer = z.strictObject({
  endpoints: z.record(
    z.string(),
    z.strictObject({
      avg_time: seconds,
      max_time: seconds,
      p50: seconds,
      p95: seconds,
      p99: seconds,
      request_count: z.number().int(),
      error_count: z.number().int(),
    }),
  ),
});

describe("GET /metrics", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
  before(async () => {
    db = await createDatabase();
    receiver = await startOtlpReceiver();
  });
  after(async () => {
    receiver.stop();
    await db.drop();
  });

  for (const [what, env] of [
    ["by default", {}],
    ["with OTEL_SDK_DISABLED", { OTEL_SDK_DISABLED: "true" }],
    ["with OTEL_METRICS_EXPORTER=none", { OTEL_METRICS_EXPORTER: "none" }],
  ] as const) {
    it(`counts each endpoint's requests ${what}`, async () => {
      const service = await spawnService({ ...receiver.env, MYSQL_URL: db.url, ...env });
      const headers = { authorization: `Bearer ${token}` };
      for (const id of [1, 2, 3])
        assert.equal((await fetch(`${service.url}/api/fixture/items/${id}`, { headers })).status, 404);
      await fetch(`${service.url}/api/fixture/items`);
      for (const path of ["/a", "/b", "/c/d"]) await fetch(service.url + path);
      const response = await fetch(`${service.url}/metrics`);
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
      const { endpoints } = answer.parse(await response.json());
      assert.equal(endpoints["GET /api/fixture/items/{id}"]?.request_count, 3);
      assert.equal(endpoints["GET /api/fixture/items"]?.request_count, 1);
      assert.equal(endpoints["GET unmatched"]?.request_count, 3);
      const { avg_time, max_time, p99 } = endpoints["GET /api/fixture/items/{id}"] ?? {};
      assert.ok(Number(avg_time) > 0 && Number(max_time) >= Number(avg_time) && Number(p99) <= Number(max_time));

      const text = await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } });
      assert.match(text.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
      const lines = (await text.text()).split("\n");
      const count = lines.filter((line) =>
        /^http_server_request_duration_seconds_count\{.*"\/api\/fixture\/items\/\{id\}"/.test(line),
      );
      assert.deepEqual(
        count.map((line) => line.split("} ")[1]),
        ["3"],
      );
      for (const name of ["process_memory_usage_bytes", "process_memory_limit_bytes"])
        assert.equal(lines.filter((line) => line.startsWith(`${name} `)).length, 1, name);
      assert.ok(!lines.some((line) => line.includes("process_command")), "nothing about the process's command line");
      assert.equal(await service.stop(), 0);
    });
  }

  it("logs no error when scraped right after startup", async () => {
    const none = { OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" };
    const service = await spawnService({ ...none, MYSQL_URL: db.url });
    const text = await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } });
    assert.match(await text.text(), /^process_memory_usage_bytes /m);
    await service.stop();
    assert.deepEqual(
      service.log().filter((line) => line.level === "error"),
      [],
    );
  });

  it("answers scrapers with text, and other clients with JSON", async () => {
    const service = await spawnService({ MYSQL_URL: db.url, OTEL_SDK_DISABLED: "true" });
    const typeFor = async (accept: string) => {
      const response = await fetch(`${service.url}/metrics`, { headers: { accept } });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("vary"), "Accept");
      return response.headers.get("content-type")?.split(";")[0];
    };
    // The Accept header of Prometheus 3.
    const prometheus = [
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5",
      "application/openmetrics-text;version=0.0.1;q=0.4",
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3",
      "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    ];
    const texts = ["text/plain", "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "application/openmetrics-text"];
    for (const accept of [prometheus.join(), ...texts]) assert.equal(await typeFor(accept), "text/plain", accept);
    for (const accept of ["*/*", "application/json", "text/html,*/*;q=0.8", "image/png"])
      assert.equal(await typeFor(accept), "application/json", accept);
    const head = await fetch(`${service.url}/metrics`, { method: "HEAD" });
    assert.deepEqual([head.status, await head.text(), head.headers.get("cache-control")], [200, "", "no-store"]);
    assert.equal((await fetch(`${service.url}/metrics`, { method: "POST" })).status, 404);
    await service.stop();
  });

  it("answers 404 with the reason when OTEL_CONFIG_FILE defines the metric readers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "metrics-"));
    const file = join(folder, "otel.yaml");
    await writeFile(file, 'file_format: "1.0"\n');
    const service = await spawnService({ MYSQL_URL: db.url, OTEL_CONFIG_FILE: file });
    const response = await fetch(`${service.url}/metrics`);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /OTEL_CONFIG_FILE/);
    assert.equal((await fetch(`${service.url}/api/fixture/items`)).status, 200);
    assert.equal(await service.stop(), 0);
    await rm(folder, { recursive: true });
  });

  it("collects at most once a second for all clients and formats", async () => {
    let collections = 0;
    let nowMs = 0;
    class CountingReader extends OnDemandReader {
      override collect() {
        collections += 1;
        return super.collect();
      }
    }
    const reader = new CountingReader();
    const requests = new MeterProvider({ readers: [reader] }).getMeter("test").createCounter("requests");
    requests.add(1);
    const server = new Koa<RequestState>().use(metricsEndpoint(reader, () => nowMs)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const scrape = async (accept: string) => {
      const response = await fetch(`${addressOf(server.address())}/metrics`, { headers: { accept } });
      return response.text();
    };
    const [text, json, sameText] = await Promise.all([
      scrape("text/plain"),
      scrape("application/json"),
      scrape("text/plain"),
    ]);
    assert.match(text, /^requests_total 1$/m);
    assert.ok(json.startsWith('{"endpoints":{'));
    assert.equal(sameText, text);
    requests.add(1);
    nowMs = 999;
    assert.equal(await scrape("text/plain"), text);
    assert.equal(collections, 1);
    nowMs = 1000;
    assert.match(await scrape("text/plain"), /^requests_total 2$/m);
    assert.equal(collections, 2);
    server.close();
    server.closeAllConnections();
  });
});

import assert from "node:assert/strict";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { boundedDestinations, Destinations } from "../../../src/platform/telemetry/outbound-instrumentation.ts";
import { evaluate } from "../../support/evaluate.ts";
import { freePort } from "../../support/helper.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

describe("the durations of outbound calls", () => {
  it("have series for 50 other hosts, more for our own, and one for the rest", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const views = [boundedDestinations(new Destinations((hostname) => hostname === "api.example.com"))];
    const provider = new MeterProvider({ readers: [reader], views });
    const duration = provider.getMeter("test").createHistogram("http.client.request.duration");
    const otherHosts = Array.from({ length: 300 }, (_, index) => `host-${index}.example.net`);
    for (const host of [...otherHosts, "api.example.com"]) {
      for (const status of Array.from({ length: 30 }, (_, index) => 200 + index)) {
        duration.record(0.1, { "server.address": host, "server.port": 443, "http.response.status_code": status });
      }
    }
    await reader.forceFlush();
    const points = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    const attributes = points.flatMap(({ dataPoints }) => dataPoints.map((point) => point.attributes));
    const hosts = new Set(attributes.map((series) => series["server.address"]));
    assert.equal(hosts.size, 52);
    assert.ok(hosts.has("api.example.com") && hosts.has("_OTHER"));
    assert.ok(attributes.length < 2000, `${attributes.length} series`);
    assert.ok(!attributes.some((series) => "otel.metric.overflow" in series));
    await provider.shutdown();
  });
});

describe("the spans of outbound calls", () => {
  for (const mode of ["lean", "standard"])
    it(`are named for the host, up to 50 hosts, with ${mode} telemetry`, async () => {
      const receiver = await startOtlpReceiver();
      const port = await freePort();
      await evaluate(
        `await import("./src/telemetry.ts");
         // Until metrics were exported, which are requests too, and would take the name of a host.
         await new Promise((resolve) => setTimeout(resolve, 500));
         // Nothing listens there: every address of the loopback network is another host.
         for (let host = 1; host <= 52; host++) await fetch("http://127.0.0." + host + ":${port}/").catch(() => {});
         await fetch("http://127.0.0.1:${port}/", { method: "POST" }).catch(() => {});
         const { telemetry } = await import("./src/telemetry.ts");
         await telemetry.shutdown();`,
        { ...receiver.env, TELEMETRY_MODE: mode },
      );
      receiver.stop();
      const names = receiver.spans.map(({ name }) => name);
      const hosts = Array.from({ length: 50 }, (_, index) => `GET 127.0.0.${index + 1}`);
      const ports = receiver.points("http.client.request.duration").map(({ attributes }) => attributes["server.port"]);
      assert.deepEqual([...new Set(ports)], [port, undefined], "exports are not counted");
      assert.deepEqual(names.toSorted(), [...hosts, "GET _OTHER", "GET _OTHER", "POST 127.0.0.1"].toSorted());
    });
});

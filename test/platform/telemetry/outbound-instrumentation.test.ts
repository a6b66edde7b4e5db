import assert from "node:assert/strict";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { boundedDestinations } from "../../../src/platform/telemetry/outbound-instrumentation.ts";

describe("the durations of outbound calls", () => {
  it("have series for 50 other hosts, more for our own, and one for the rest", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const views = [boundedDestinations((hostname) => hostname === "api.example.com")];
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

import assert from "node:assert/strict";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { endpointTimes, percentile } from "../../../src/platform/endpoints/endpoint-times.ts";

const boundaries = [0.005, 0.01, 0.05, 0.1, 0.5, 1];

/** Reads only what the test records. */
class PlainReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe("percentile", () => {
  it("lies in the bucket of the true percentile, within the maximum, and grows with the share", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1 }), (values) => {
        const bucketOf = (value: number) => {
          const index = boundaries.findIndex((boundary) => value <= boundary);
          return index === -1 ? boundaries.length : index;
        };
        const counts = Array<number>(boundaries.length + 1).fill(0);
        for (const value of values) counts[bucketOf(value)] = (counts[bucketOf(value)] ?? 0) + 1;
        const histogram = { buckets: { boundaries, counts }, count: values.length, max: Math.max(...values) };
        const sorted = values.toSorted((a, b) => a - b);
        let before = 0;
        for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
          const estimate = percentile(histogram, share);
          const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
          const bucket = bucketOf(exact);
          assert.ok(estimate >= (bucket === 0 ? 0 : (boundaries[bucket - 1] ?? 0)), `${estimate} for ${exact}`);
          assert.ok(estimate <= (boundaries[bucket] ?? histogram.max) && estimate <= histogram.max);
          assert.ok(estimate >= before);
          before = estimate;
        }
      }),
    );
  });

  it("is 0 without measurements", () => {
    assert.equal(percentile({ buckets: { boundaries, counts: Array(7).fill(0) }, count: 0 }, 0.5), 0);
  });
});

describe("endpointTimes", () => {
  it("merges the statuses of each endpoint", async () => {
    const reader = new PlainReader();
    const histogram = new MeterProvider({ readers: [reader] })
      .getMeter("test")
      .createHistogram("http.server.request.duration", { unit: "s", advice: { explicitBucketBoundaries: boundaries } });
    const record = (method: string, route: string, status: number, seconds: number) =>
      histogram.record(seconds, {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
      });
    for (const seconds of [0.02, 0.04, 0.06]) record("GET", "/things/{id}", 200, seconds);
    record("GET", "/things/{id}", 503, 0.28);
    record("POST", "/things", 201, 0.5);
    histogram.record(0.001, { "http.request.method": "OPTIONS", "http.response.status_code": 204 });
    const { resourceMetrics } = await reader.collect();
    const times = endpointTimes(resourceMetrics);
    assert.deepEqual(Object.keys(times), ["GET /things/{id}", "OPTIONS unmatched", "POST /things"]);
    const things = times["GET /things/{id}"];
    assert.ok(things);
    assert.ok(Math.abs(things.avg_time - 0.1) < 1e-9);
    assert.deepEqual([things.max_time, things.request_count, things.error_count], [0.28, 4, 1]);
    assert.ok(things.p50 <= 0.05 && things.p95 > 0.1 && things.p99 <= 0.28);
  });
});

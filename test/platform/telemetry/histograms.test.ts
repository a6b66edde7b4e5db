import assert from "node:assert/strict";
import type { Attributes, Histogram } from "@opentelemetry/api";
import {
  AggregationTemporality,
  AggregationType,
  DataPointType,
  type HistogramMetricData,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { Histograms, whyNotReadable } from "../../../src/platform/telemetry/histograms.ts";

const advice = { explicitBucketBoundaries: [0.01, 0.1, 1] };
const options = { unit: "s", description: "test", advice };

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A histogram of the SDK or of ours, and a function that collects it. */
function createHistogram(kind: "sdk" | "ours", scope: [string, string?, { schemaUrl: string }?] = ["test"]) {
  const histograms = new Histograms();
  const reader = new Reader({ metricProducers: [histograms.producer] });
  const sdk = new MeterProvider({ readers: [reader] });
  const histogram = (kind === "sdk" ? sdk : histograms.wrap(sdk))
    .getMeter(...scope)
    .createHistogram("test.duration", options);
  return {
    histogram,
    async read(): Promise<{ scope: object; metric: HistogramMetricData } | undefined> {
      const { resourceMetrics, errors } = await reader.collect();
      assert.deepEqual(errors, []);
      const [found, ...more] = resourceMetrics.scopeMetrics;
      assert.deepEqual(more, []);
      const [metric] = found?.metrics ?? [];
      if (found === undefined || metric === undefined) return undefined;
      assert.ok(metric.dataPointType === DataPointType.HISTOGRAM);
      return { scope: found.scope, metric };
    },
  };
}

describe("histograms", () => {
  it("collect the same data as the SDK's, for any values and attributes", async () => {
    const value = fc.oneof(
      fc.constantFrom(0, 0.01, 0.1, 1, -1, Number.NaN),
      fc.double({ min: 0, max: 3, noNaN: true }),
    );
    const attributes = fc.constantFrom<Attributes | undefined>(
      undefined,
      {},
      { route: "/a" },
      Object.freeze({ route: "/a" }),
      Object.freeze({ route: "/b", slow: true }),
      { slow: true, route: "/b" },
      { route: ["/a", "/b"] },
      Object.freeze({ route: 1 }),
      { route: "1" },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, attributes)), async (records) => {
        const [theirs, ours] = [
          createHistogram("sdk", ["test", "1.0", { schemaUrl: "x" }]),
          createHistogram("ours", ["test", "1.0", { schemaUrl: "x" }]),
        ];
        for (const { histogram } of [theirs, ours]) {
          // The SDK counts NaN.
          for (const [value, attributes] of records) if (!Number.isNaN(value)) histogram.record(value, attributes);
        }
        const [expected, found] = [await theirs.read(), await ours.read()];
        assert.deepEqual(found && comparable(found), expected && comparable(expected));
      }),
    );
  });

  it("compare by value an object that changed between two records, and a frozen one with a mutable list", async () => {
    const { histogram, read } = createHistogram("ours");
    const changing = { route: "/a" };
    histogram.record(0.5, changing);
    changing.route = "/b";
    histogram.record(0.5, changing);
    const list = ["x"];
    const shallow = Object.freeze({ list });
    histogram.record(0.5, shallow);
    list.push("y");
    histogram.record(0.5, shallow);
    const points = (await read())?.metric.dataPoints ?? [];
    assert.deepEqual(
      points.map(({ attributes, value }) => [JSON.stringify(attributes), value.count]),
      [
        ['{"route":"/a"}', 1],
        ['{"route":"/b"}', 1],
        // As in the SDK, the caller's list isn't copied, but its two states count as two series.
        ['{"list":["x","y"]}', 1],
        ['{"list":["x","y"]}', 1],
      ],
    );
  });

  it("are shared by name and scope, and aren't collected before the first record", async () => {
    const histograms = new Histograms();
    const meter = () => histograms.wrap(new MeterProvider()).getMeter("test");
    const histogram = meter().createHistogram("a", options);
    assert.equal(meter().createHistogram("a", options), histogram);
    assert.notEqual(meter().createHistogram("b", options), histogram);
    const { resourceMetrics } = await histograms.producer.collect();
    assert.deepEqual(resourceMetrics.scopeMetrics, []);
  });

  it("hold 2,000 series, and one for all others", async () => {
    const { histogram, read } = createHistogram("ours");
    for (let id = 0; id < 5000; id += 1) histogram.record(0.5, { id });
    const points = (await read())?.metric.dataPoints ?? [];
    assert.equal(points.length, 2000);
    assert.equal(points.find(({ attributes }) => attributes["otel.metric.overflow"] === true)?.value.count, 3001);
  });

  it("ignore NaN and values that aren't numbers", async () => {
    const { histogram, read } = createHistogram("ours");
    for (const value of [Number.NaN, "3", undefined, null, true, 4n])
      Reflect.apply(histogram.record, histogram, [value]);
    assert.equal(await read(), undefined);
  });

  it("leave every other instrument to the SDK", () => {
    const sdk = new MeterProvider();
    const [ours, theirs] = [new Histograms().wrap(sdk).getMeter("test"), sdk.getMeter("test")];
    assert.equal(ours.createCounter("c").constructor, theirs.createCounter("c").constructor);
    const withoutBoundaries: Histogram = ours.createHistogram("h");
    assert.equal(withoutBoundaries.constructor, theirs.createHistogram("h").constructor);
  });

  it("sort and copy their boundaries, without infinities", async () => {
    const boundaries = [10, 1, 5, Number.POSITIVE_INFINITY];
    const results = [];
    for (const isOurs of [false, true]) {
      const histograms = new Histograms();
      const reader = new Reader({ metricProducers: [histograms.producer] });
      const sdk = new MeterProvider({ readers: [reader] });
      const given = [...boundaries];
      const histogram = (isOurs ? histograms.wrap(sdk) : sdk)
        .getMeter("test")
        .createHistogram("h", { advice: { explicitBucketBoundaries: given } });
      given[0] = 2;
      for (const value of [0.5, 3, 7, 20]) histogram.record(value);
      const { resourceMetrics } = await reader.collect();
      results.push(resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value);
    }
    assert.deepEqual(Object(results[1]).buckets, { boundaries: [1, 5, 10], counts: [1, 1, 1, 1] });
    assert.deepEqual(results[1], results[0]);
  });

  it("are two when the same name has two units, and one for an empty version and none", async () => {
    const histograms = new Histograms();
    const provider = histograms.wrap(new MeterProvider());
    provider.getMeter("test").createHistogram("h", { unit: "s", advice }).record(2);
    provider.getMeter("test", "").createHistogram("h", { unit: "s", advice }).record(2);
    provider.getMeter("test").createHistogram("h", { unit: "ms", advice }).record(2000);
    const { resourceMetrics } = await histograms.producer.collect();
    const sums = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor, dataPoints }) => [descriptor.unit, Object(dataPoints[0]?.value).sum]),
    );
    assert.deepEqual(sums, [
      ["s", 4],
      ["ms", 2000],
    ]);
  });

  it("are the SDK's for names with a view and for invalid names", () => {
    const sdk = new MeterProvider();
    const meter = new Histograms(["with.a.view"]).wrap(sdk).getMeter("test");
    for (const name of ["with.a.view", "", "1st", "a b"]) {
      const theirs = sdk.getMeter("other").createHistogram(name, { advice });
      assert.equal(meter.createHistogram(name, { advice }).constructor, theirs.constructor, name);
    }
  });

  it("flush and shut down with the SDK's provider", async () => {
    const reader = new Reader();
    const provider = new Histograms().wrap(new MeterProvider({ readers: [reader] }));
    await provider.forceFlush?.();
    await provider.shutdown?.();
    await assert.rejects(reader.collect(), /shutdown/i);
  });

  it("can be read, except with delta temporality or another aggregation", () => {
    assert.equal(whyNotReadable(new Reader()), undefined);
    const delta = new Reader({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
    assert.match(whyNotReadable(delta) ?? "", /delta/);
    const exponential = new Reader({ aggregationSelector: () => ({ type: AggregationType.EXPONENTIAL_HISTOGRAM }) });
    assert.match(whyNotReadable(exponential) ?? "", /aggregation/);
  });
});

function comparable({ scope, metric }: { scope: object; metric: HistogramMetricData }) {
  const { name, unit, description, valueType } = metric.descriptor;
  const points = metric.dataPoints
    .map(({ attributes, value }) => ({ key: JSON.stringify(Object.entries(attributes).toSorted()), value }))
    .toSorted((a, b) => a.key.localeCompare(b.key));
  return {
    scope: { ...scope },
    descriptor: { name, unit, description, valueType },
    points,
    temporality: metric.aggregationTemporality,
  };
}

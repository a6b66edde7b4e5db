import assert from "node:assert/strict";
import {
  AggregationTemporality,
  DataPointType,
  type HistogramMetricData,
  MeterProvider,
  type MetricProducer,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { createHistogram, histogramProducer } from "../../../src/platform/telemetry/histograms.ts";
import { evaluate } from "../../support/evaluate.ts";

const options = { unit: "s", description: "of the test", boundaries: [0.01, 0.1, 1] };
let tests = 0;

/** One that no other test of this process knows. */
function newHistogram() {
  const name = `test.histogram.${++tests}`;
  const histogram = createHistogram("test", name, options);
  return { name, histogram };
}

async function read(producer: MetricProducer, name: string): Promise<HistogramMetricData | undefined> {
  const { resourceMetrics } = await producer.collect();
  const found = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  const metric = found.find(({ descriptor }) => descriptor.name === name);
  if (metric === undefined) return undefined;
  if (metric.dataPointType !== DataPointType.HISTOGRAM) throw new TypeError(name);
  return metric;
}

class SdkReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe("histograms", () => {
  it("come to what the SDK's own come to, for any values", async () => {
    const seconds = fc.oneof(fc.constantFrom(0, 0.01, 0.1, 1), fc.double({ min: 0, max: 3, noNaN: true }));
    const recorded = fc.record({ route: fc.constantFrom("/a", "/b"), value: seconds });
    await fc.assert(
      fc.asyncProperty(fc.array(recorded, { minLength: 1 }), async (records) => {
        const { name, histogram } = newHistogram();
        const reader = new SdkReader();
        const advice = { explicitBucketBoundaries: options.boundaries };
        const own = new MeterProvider({ readers: [reader] }).getMeter("test").createHistogram(name, { advice });
        for (const { route, value } of records) {
          histogram.series({ route }).record(value);
          own.record(value, { route });
        }
        const { resourceMetrics } = await reader.collect();
        const expected = resourceMetrics.scopeMetrics[0]?.metrics[0];
        const given = await read(histogramProducer(), name);
        const values = (metric: typeof expected) =>
          metric?.dataPoints.map(({ attributes, value }) => ({ attributes, value })).toSorted(byRoute);
        assert.deepEqual(values(given), values(expected));
        assert.equal(given?.aggregationTemporality, AggregationTemporality.CUMULATIVE);
      }),
    );
  });

  it("are the same ones for the same name and scope, and the same series for the same attributes", () => {
    const { name, histogram } = newHistogram();
    assert.equal(createHistogram("test", name, options), histogram);
    assert.equal(histogram.series({ a: 1, b: "x" }), histogram.series({ b: "x", a: 1 }));
    assert.notEqual(histogram.series({ a: 1 }), histogram.series({ a: "1" }));
  });

  it("give each reader with DELTA what came since it read last", async () => {
    const { name, histogram } = newHistogram();
    const series = histogram.series({});
    const [one, other] = [
      histogramProducer(AggregationTemporality.DELTA),
      histogramProducer(AggregationTemporality.DELTA),
    ];
    const counts = async (producer: MetricProducer) => {
      const point = (await read(producer, name))?.dataPoints[0];
      return point && [point.value.count, point.value.sum, ...point.value.buckets.counts];
    };
    series.record(0.0625);
    assert.deepEqual(await counts(one), [1, 0.0625, 0, 1, 0, 0]);
    series.record(2);
    assert.deepEqual(await counts(one), [1, 2, 0, 0, 0, 1]);
    assert.equal(await counts(one), undefined);
    assert.deepEqual(await counts(other), [2, 2.0625, 0, 1, 0, 1]);
  });

  it("are not read before there is something to read", async () => {
    const { name, histogram } = newHistogram();
    histogram.series({ kind: "a" });
    assert.equal(await read(histogramProducer(), name), undefined);
  });

  it("hold 2,000 series and one for all others, whatever comes", async () => {
    const { name, histogram } = newHistogram();
    for (let id = 0; id < 5000; id += 1) histogram.series({ id }).record(0.5);
    const points = (await read(histogramProducer(), name))?.dataPoints ?? [];
    assert.equal(points.length, 2001);
    assert.equal(points.find(({ attributes }) => attributes["otel.metric.overflow"] === true)?.value.count, 3000);
  });

  it("go through the SDK in a process whose readers are made elsewhere", async () => {
    const script = `
      import { metrics } from "@opentelemetry/api";
      import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
      import { createHistogram, recordThroughSdk } from "./src/platform/telemetry/histograms.ts";
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
      metrics.setGlobalMeterProvider(provider);
      recordThroughSdk();
      createHistogram("test", "test.duration", ${JSON.stringify(options)}).series({ route: "/a" }).record(0.05);
      await provider.forceFlush();
      const [{ descriptor, dataPoints: [{ attributes, value }] }] = exporter.getMetrics()[0].scopeMetrics[0].metrics;
      console.log(JSON.stringify({ name: descriptor.name, unit: descriptor.unit, attributes, buckets: value.buckets }));
      await provider.shutdown();`;
    const { output } = await evaluate(script);
    assert.deepEqual(JSON.parse(output), {
      name: "test.duration",
      unit: "s",
      attributes: { route: "/a" },
      buckets: { boundaries: options.boundaries, counts: [0, 1, 0, 0] },
    });
  });
});

function byRoute(a: { attributes: { route?: unknown } }, b: { attributes: { route?: unknown } }): number {
  return String(a.attributes.route).localeCompare(String(b.attributes.route));
}

import assert from "node:assert/strict";
import type { Meter } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { type Metric, metrics, seriesNames } from "../../../grafana/metrics.ts";
import { OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { prometheusText } from "../../../src/platform/telemetry/prometheus-text.ts";

/** Returns the text of the instruments that `create` creates. */
async function textOf(create: (meter: Meter) => void): Promise<string> {
  const reader = new OnDemandReader();
  create(new MeterProvider({ readers: [reader] }).getMeter("test"));
  return prometheusText((await reader.collect()).resourceMetrics);
}

function record(meter: Meter, { name, kind, unit: metricUnit }: Metric): void {
  const unit = metricUnit ?? "{thing}";
  if (kind === "histogram") meter.createHistogram(name, { unit }).record(1);
  else if (kind === "counter") meter.createCounter(name, { unit }).add(1);
  else meter.createGauge(name, { unit }).record(1);
}

describe("prometheusText", () => {
  it("names each metric of the dashboards as Prometheus does for OTLP", async () => {
    const own: Metric[] = Object.values(metrics).filter((metric: Metric) => metric.scraped === undefined);
    assert.ok(own.length > 20);
    for (const metric of own) {
      const lines = (await textOf((meter) => record(meter, metric))).split("\n");
      for (const name of seriesNames(metric)) {
        assert.ok(
          lines.some((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`)),
          `${name} of ${metric.name}`,
        );
      }
    }
  });

  it("doesn't repeat a unit in the name or add an annotation as a unit", async () => {
    const text = await textOf((meter) => {
      meter.createCounter("bytes.sent", { unit: "By" }).add(1);
      meter.createGauge("wait_seconds", { unit: "s" }).record(1);
      meter.createGauge("requests", { unit: "{request}" }).record(1);
      meter.createUpDownCounter("share", { unit: "1" }).add(1);
    });
    assert.deepEqual(text.match(/^\w+(?= )/gm), ["bytes_sent_total", "wait_seconds", "requests", "share"]);
  });
});

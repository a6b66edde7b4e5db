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
    // The others come from the collector, or Prometheus computes them.
    const own: Metric[] = Object.values(metrics).filter((metric: Metric) => !metric.scraped && !metric.recorded);
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

  it("follows Prometheus' rules for units, counters and ratios", async () => {
    for (const [kind, name, unit, expected] of [
      ["counter", "bytes.sent", "By", "bytes_sent_total"],
      ["counter", "sent.total", "By", "sent_bytes_total"],
      ["counter", "requests", "{request}", "requests_total"],
      ["gauge", "wait_seconds", "s", "wait_seconds"],
      ["gauge", "wait-seconds", "s", "wait_seconds"],
      ["gauge", "rate", "By/s", "rate_bytes_per_second"],
      ["gauge", "rate", "{request}/s", "rate_per_second"],
      ["gauge", "share", "1", "share_ratio"],
      ["gauge", "share.ratio", "1", "share_ratio"],
      ["updown", "share", "1", "share"],
      ["gauge", "price", "USD", "price_USD"],
      ["gauge", "length", "m", "length_meters"],
    ] as const) {
      const text = await textOf((meter) => {
        if (kind === "counter") meter.createCounter(name, { unit }).add(1);
        else if (kind === "updown") meter.createUpDownCounter(name, { unit }).add(1);
        else meter.createGauge(name, { unit }).record(1);
      });
      assert.deepEqual(text.match(/^\w+(?= )/gm), [expected], `${kind} ${name} ${unit}`);
    }
  });
});

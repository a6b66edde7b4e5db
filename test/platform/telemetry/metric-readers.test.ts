import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { RuntimeNodeInstrumentation } from "@opentelemetry/instrumentation-runtime-node";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { metricReadersFromEnvironment, OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { freePort } from "../../support/helper.ts";

async function longestDelay(reader: OnDemandReader): Promise<number> {
  const { resourceMetrics } = await reader.collect();
  const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  return Number(all.find((metric) => metric.descriptor.name === "nodejs.eventloop.delay.max")?.dataPoints[0]?.value);
}

/** Creates the readers with `variables` in the environment, then restores it. */
async function readersWith(variables: Record<string, string>) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await metricReadersFromEnvironment([]);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

describe("metricReadersFromEnvironment", () => {
  it("creates the readers that OTEL_METRICS_EXPORTER names, by default otlp", async () => {
    const port = await freePort();
    const prometheus = { OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1", OTEL_EXPORTER_PROMETHEUS_PORT: String(port) };
    for (const [names, kinds] of [
      ["", [PeriodicExportingMetricReader]],
      ["otlp", [PeriodicExportingMetricReader]],
      ["console, otlp, console", [PeriodicExportingMetricReader, PeriodicExportingMetricReader]],
      ["prometheus", [PrometheusExporter]],
      ["none", []],
      ["otlp,none", []],
    ] as const) {
      const readers = await readersWith({ OTEL_METRICS_EXPORTER: names, ...prometheus });
      assert.deepEqual(
        readers.map((reader) => reader.constructor),
        kinds,
        names,
      );
      if (names === "prometheus") assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200);
      await Promise.all(readers.map((reader) => reader.shutdown()));
    }
  });

  it("creates none with OTEL_CONFIG_FILE", async () => {
    assert.deepEqual(await readersWith({ OTEL_CONFIG_FILE: "otel.yaml", OTEL_METRICS_EXPORTER: "otlp" }), []);
  });

  it("warns about an unknown value and ignores it", async () => {
    for (const [name, value, number] of [
      ["OTEL_METRICS_EXPORTER", "carbon", 0],
      ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "smoke-signals", 1],
      ["OTEL_METRIC_EXPORT_INTERVAL", "-5", 1],
    ] as const) {
      const warned = once(process, "warning");
      assert.equal((await readersWith({ [name]: value })).length, number);
      const [warning] = await warned;
      assert.match(String(warning), new RegExp(`${name}: got ${value}, accepts .+; ignored`));
    }
  });
});

describe("OnDemandReader", () => {
  it("doesn't hide a stall of the event loop from an exporter that reads later", async () => {
    const runtime = new RuntimeNodeInstrumentation();
    const [exporter, page] = [new OnDemandReader(), new OnDemandReader([], runtime)];
    const meterProvider = new MeterProvider({ readers: [exporter, page] });
    runtime.setMeterProvider(meterProvider);
    await sleep(100);
    const blockedUntil = performance.now() + 300;
    while (performance.now() < blockedUntil);
    await sleep(100);
    await page.collect();
    await sleep(100);
    const [read, shown] = [await longestDelay(exporter), await longestDelay(page)];
    assert.ok(read > 0.25, `${read} s`);
    assert.equal(shown, read, "the page shows the exporter's value");
    runtime.disable();
    await meterProvider.shutdown();
  });
});

// What is left of telemetry with OTEL_SDK_DISABLED: requests are measured for GET /metrics, and nothing is traced or sent.
import { metrics } from "@opentelemetry/api";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import { MeterProvider, type MetricReader } from "@opentelemetry/sdk-metrics";

/** Turns all `instrumentations` off, with `reader` as the only one who reads what the service itself measures. */
export function measureOnly(instrumentations: Instrumentation[], reader: MetricReader): { shutdown(): Promise<void> } {
  const meterProvider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meterProvider);
  for (const instrumentation of instrumentations) instrumentation.disable();
  return { shutdown: () => meterProvider.shutdown() };
}

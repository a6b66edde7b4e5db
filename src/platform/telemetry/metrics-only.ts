// What is left of telemetry with OTEL_SDK_DISABLED: the service measures itself for GET /metrics, and nothing is traced or sent.
import { metrics } from "@opentelemetry/api";
import { MeterProvider, type MetricReader } from "@opentelemetry/sdk-metrics";

/** Has `reader` as the only one who reads. */
export function measureOnly(reader: MetricReader): { shutdown(): Promise<void> } {
  const meterProvider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meterProvider);
  return { shutdown: () => meterProvider.shutdown() };
}

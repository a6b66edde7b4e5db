// What is left of telemetry with OTEL_SDK_DISABLED: requests are measured for GET /metrics, and nothing is traced or sent.
import { context, metrics } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type Instrumentation, registerInstrumentations } from "@opentelemetry/instrumentation";
import { MeterProvider, type MetricReader } from "@opentelemetry/sdk-metrics";

/** Starts the HTTP instrumentation of `instrumentations` alone, with `reader` as the only one who reads. */
export function measureOnly(instrumentations: Instrumentation[], reader: MetricReader): { shutdown(): Promise<void> } {
  const meterProvider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meterProvider);
  // The route of a request travels in the context.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const http = instrumentations.filter((one) => one.instrumentationName === "@opentelemetry/instrumentation-http");
  for (const other of instrumentations.filter((one) => !http.includes(one))) other.disable();
  registerInstrumentations({ instrumentations: http, meterProvider });
  return { shutdown: () => meterProvider.shutdown() };
}

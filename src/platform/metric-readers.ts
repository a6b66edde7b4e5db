// Who reads the SDK's metrics: the exporters that the environment asks for, and the service itself for GET /metrics.
// Readers that are passed to the SDK replace those of OTEL_METRICS_EXPORTER, so these are made here, by the same variables.
import { diag } from "@opentelemetry/api";
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import { OTLPMetricExporter as GrpcExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import {
  ConsoleMetricExporter,
  type IMetricReader,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";

/** Reads when it is asked to: `collect()` gives all that was measured since the start of the process. */
export class OnDemandReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** The readers for OTEL_METRICS_EXPORTER (otlp by default; console, prometheus, none), as its specification has it. */
export function metricReadersFromEnvironment(): IMetricReader[] {
  const names = new Set(getStringListFromEnv("OTEL_METRICS_EXPORTER") ?? []);
  if (names.has("none")) return [];
  if (names.size === 0) names.add("otlp");
  return [...names].flatMap((name) => {
    if (name === "otlp") return periodic(otlpExporter());
    if (name === "console") return periodic(new ConsoleMetricExporter());
    if (name === "prometheus") return prometheus();
    diag.warn(`OTEL_METRICS_EXPORTER: got ${name}, takes otlp, console, prometheus or none`);
    return [];
  });
}

function periodic(exporter: PushMetricExporter): IMetricReader {
  const exportIntervalMillis = positive("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const exportTimeoutMillis = Math.min(positive("OTEL_METRIC_EXPORT_TIMEOUT") ?? 30_000, exportIntervalMillis);
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis });
}

function otlpExporter(): PushMetricExporter {
  const protocol =
    getStringFromEnv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") ?? getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol === "grpc") return new GrpcExporter();
  return protocol === "http/json" ? new JsonExporter() : new ProtobufExporter();
}

function prometheus(): IMetricReader {
  const host = getStringFromEnv("OTEL_EXPORTER_PROMETHEUS_HOST");
  const port = getNumberFromEnv("OTEL_EXPORTER_PROMETHEUS_PORT");
  return new PrometheusExporter({ ...(host !== undefined && { host }), ...(port !== undefined && { port }) });
}

function positive(name: string): number | undefined {
  const value = getNumberFromEnv(name);
  return value !== undefined && value > 0 ? value : undefined;
}

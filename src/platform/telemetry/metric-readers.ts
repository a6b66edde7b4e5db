// The readers of the SDK's metrics: the exporters that the environment names, and the service itself for GET /metrics.
// Readers passed to the SDK replace those of OTEL_METRICS_EXPORTER, so those are created here, from the same variables.
import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import type { Instrumentation } from "@opentelemetry/instrumentation";
import {
  type CollectionResult,
  ConsoleMetricExporter,
  type IMetricReader,
  type MetricProducer,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import { exporterNames, otlpProtocol, positiveNumber, warnIgnored } from "./exporter-variables.ts";

/** Instruments that reset when they are read, such as the runtime's event-loop delay. */
type ResettingInstruments = Pick<Instrumentation, "enable" | "disable">;

/**
 * Reads on demand: `collect()` returns everything measured since the start of the process. It doesn't read `resetting`, but shows
 * the values that the other readers read last: reading them here would hide a stall from the exporters.
 */
export class OnDemandReader extends MetricReader {
  readonly #resetting: ResettingInstruments | undefined;
  /** True once the SDK has started with this reader. */
  connected = false;

  constructor(metricProducers: MetricProducer[] = [], resetting?: ResettingInstruments) {
    super({ metricProducers });
    this.#resetting = resetting;
  }

  override setMetricProducer(producer: MetricProducer): void {
    super.setMetricProducer(producer);
    this.connected = true;
  }

  override async collect(options?: Parameters<MetricReader["collect"]>[0]): Promise<CollectionResult> {
    // super.collect() reads all instruments synchronously, before it returns its promise.
    this.#resetting?.disable();
    try {
      return super.collect(options);
    } finally {
      this.#resetting?.enable();
    }
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * Creates the readers that OTEL_METRICS_EXPORTER names (otlp by default; console, prometheus, none), as specified by
 * OpenTelemetry. Each also reads `metricProducers`. Returns none with OTEL_CONFIG_FILE, which replaces all other variables.
 */
export async function metricReadersFromEnvironment(metricProducers: MetricProducer[]): Promise<IMetricReader[]> {
  if (getStringFromEnv("OTEL_CONFIG_FILE") !== undefined) return [];
  const names = [...exporterNames("OTEL_METRICS_EXPORTER")];
  const readers = await Promise.all(names.map((name) => readerFor(name, metricProducers)));
  return readers.filter((reader) => reader !== undefined);
}

/** Loads an exporter only when it is needed: gRPC's alone takes 40 ms and 7 MB. */
async function readerFor(name: string, metricProducers: MetricProducer[]): Promise<IMetricReader | undefined> {
  if (name === "otlp") return periodic(await otlpExporter(), metricProducers);
  if (name === "console") return periodic(new ConsoleMetricExporter(), metricProducers);
  if (name === "prometheus") return prometheus(metricProducers);
  warnIgnored("OTEL_METRICS_EXPORTER", name, "otlp, console, prometheus or none");
  return undefined;
}

function periodic(exporter: PushMetricExporter, metricProducers: MetricProducer[]): IMetricReader {
  const exportIntervalMillis = positiveNumber("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const exportTimeoutMillis = Math.min(positiveNumber("OTEL_METRIC_EXPORT_TIMEOUT") ?? 30_000, exportIntervalMillis);
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis, metricProducers });
}

async function otlpExporter(): Promise<PushMetricExporter> {
  const protocol = otlpProtocol("METRICS");
  if (protocol === "grpc") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
    return new OTLPMetricExporter();
  }
  if (protocol === "http/json") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-http");
    return new OTLPMetricExporter();
  }
  const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new OTLPMetricExporter();
}

async function prometheus(metricProducers: MetricProducer[]): Promise<IMetricReader> {
  const { PrometheusExporter } = await import("@opentelemetry/exporter-prometheus");
  const host = getStringFromEnv("OTEL_EXPORTER_PROMETHEUS_HOST");
  const port = getNumberFromEnv("OTEL_EXPORTER_PROMETHEUS_PORT");
  return new PrometheusExporter({
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    metricProducers,
  });
}

// Who reads the SDK's metrics: the exporters that the environment asks for, and the service itself for GET /metrics.
// Readers that are passed to the SDK replace those of OTEL_METRICS_EXPORTER, so these are made here, by the same variables.
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
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

/** Instruments that begin anew each time they are read, such as the runtime's event-loop delay. */
type Interval = Pick<Instrumentation, "enable" | "disable">;

/**
 * Reads when it is asked to: `collect()` returns all that was measured since the start of the process. What `leave` measures is
 * left to the other readers, and shown as they read it last: else each look at the page would take a stall away from them.
 */
export class OnDemandReader extends MetricReader {
  readonly #leave: Interval | undefined;
  /** Whether the SDK was given this reader, and has started. */
  connected = false;

  constructor(metricProducers: MetricProducer[] = [], leave?: Interval) {
    super({ metricProducers });
    this.#leave = leave;
  }

  override setMetricProducer(producer: MetricProducer): void {
    super.setMetricProducer(producer);
    this.connected = true;
  }

  override async collect(options?: Parameters<MetricReader["collect"]>[0]): Promise<CollectionResult> {
    // All instruments are asked at once, before there is a promise to wait for.
    this.#leave?.disable();
    try {
      return super.collect(options);
    } finally {
      this.#leave?.enable();
    }
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * The readers for OTEL_METRICS_EXPORTER (otlp by default; console, prometheus, none), as its specification has it. Each reads
 * `metricProducers` too. None with OTEL_CONFIG_FILE, which replaces all other variables.
 */
export async function metricReadersFromEnvironment(metricProducers: MetricProducer[]): Promise<IMetricReader[]> {
  if (getStringFromEnv("OTEL_CONFIG_FILE") !== undefined) return [];
  const names = new Set(getStringListFromEnv("OTEL_METRICS_EXPORTER") ?? []);
  if (names.has("none")) return [];
  if (names.size === 0) names.add("otlp");
  const readers = await Promise.all([...names].map((name) => readerFor(name, metricProducers)));
  return readers.filter((reader) => reader !== undefined);
}

/** Each exporter is loaded only when it is asked for: gRPC's alone takes 40 ms and 7 MB. */
async function readerFor(name: string, metricProducers: MetricProducer[]): Promise<IMetricReader | undefined> {
  if (name === "otlp") return periodic(await otlpExporter(), metricProducers);
  if (name === "console") return periodic(new ConsoleMetricExporter(), metricProducers);
  if (name === "prometheus") return prometheus(metricProducers);
  warn("OTEL_METRICS_EXPORTER", name, "otlp, console, prometheus or none");
  return undefined;
}

function periodic(exporter: PushMetricExporter, metricProducers: MetricProducer[]): IMetricReader {
  const exportIntervalMillis = positive("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const exportTimeoutMillis = Math.min(positive("OTEL_METRIC_EXPORT_TIMEOUT") ?? 30_000, exportIntervalMillis);
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis, exportTimeoutMillis, metricProducers });
}

async function otlpExporter(): Promise<PushMetricExporter> {
  const variable = ["OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"].find(getStringFromEnv);
  const protocol = variable && getStringFromEnv(variable)?.trim();
  if (protocol === "grpc") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-grpc");
    return new OTLPMetricExporter();
  }
  if (protocol === "http/json") {
    const { OTLPMetricExporter } = await import("@opentelemetry/exporter-metrics-otlp-http");
    return new OTLPMetricExporter();
  }
  if (variable && protocol !== "http/protobuf") warn(variable, protocol, "grpc, http/json or http/protobuf");
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

function positive(name: string): number | undefined {
  const value = getNumberFromEnv(name);
  if (value === undefined || value > 0) return value;
  warn(name, value, "a number over 0");
  return undefined;
}

/** Not by the SDK's own logger, which the SDK only sets up once it has its readers. */
function warn(name: string, got: unknown, takes: string): void {
  process.emitWarning(`${name}: got ${got}, takes ${takes}; ignored`);
}

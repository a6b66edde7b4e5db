// Creates the span processors that the environment names, for services that add their own: processors passed to the SDK replace
// those of OTEL_TRACES_EXPORTER and the OTEL_BSP_* variables.
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";

/** Creates the processors for OTEL_TRACES_EXPORTER: otlp (default), console or none. */
export async function spanProcessorsFromEnvironment(): Promise<SpanProcessor[]> {
  const names = new Set(getStringListFromEnv("OTEL_TRACES_EXPORTER") ?? []);
  if (names.has("none")) return [];
  if (names.size === 0) names.add("otlp");
  const processors: SpanProcessor[] = [];
  for (const name of names) {
    if (name === "otlp") processors.push(batch(await otlpExporter()));
    else if (name === "console") processors.push(new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() }));
    else process.emitWarning(`OTEL_TRACES_EXPORTER: got ${name}, accepts otlp, console or none; ignored`);
  }
  return processors;
}

function batch(exporter: SpanExporter): SpanProcessor {
  const settings = {
    maxQueueSize: positiveNumber("OTEL_BSP_MAX_QUEUE_SIZE"),
    scheduledDelayMillis: positiveNumber("OTEL_BSP_SCHEDULE_DELAY"),
    exportTimeoutMillis: positiveNumber("OTEL_BSP_EXPORT_TIMEOUT"),
    maxExportBatchSize: positiveNumber("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
  };
  const valid = Object.entries(settings).filter(([, value]) => value !== undefined);
  return new BatchSpanProcessor({ exporter, ...Object.fromEntries(valid) });
}

/** Undefined when the variable isn't set, and for 0 or less, which the SDK ignores too. */
function positiveNumber(name: string): number | undefined {
  const value = getNumberFromEnv(name);
  if (value === undefined || value > 0) return value;
  process.emitWarning(`${name}: got ${value}, accepts a number above 0; ignored`);
  return undefined;
}

async function otlpExporter(): Promise<SpanExporter> {
  const variables = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
  const protocol = variables.map((name) => getStringFromEnv(name)?.trim()).find((value) => value);
  if (protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter();
  }
  if (protocol === "http/json") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter();
  }
  if (protocol !== undefined && protocol !== "http/protobuf") {
    process.emitWarning(
      `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: got ${protocol}, accepts grpc, http/json or http/protobuf; ignored`,
    );
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}

// Creates the span processors that the environment names, for services that add their own: processors passed to the SDK replace
// those of OTEL_TRACES_EXPORTER and the OTEL_BSP_* variables.
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { exporterNames, otlpProtocol, positiveNumber, warnIgnored } from "./exporter-variables.ts";

/** Creates the processors for OTEL_TRACES_EXPORTER: otlp (default), console or none. */
export async function spanProcessorsFromEnvironment(): Promise<SpanProcessor[]> {
  const processors: SpanProcessor[] = [];
  for (const name of exporterNames("OTEL_TRACES_EXPORTER")) {
    if (name === "otlp") processors.push(batch(await otlpExporter()));
    else if (name === "console") processors.push(new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() }));
    else warnIgnored("OTEL_TRACES_EXPORTER", name, "otlp, console or none");
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

async function otlpExporter(): Promise<SpanExporter> {
  const protocol = otlpProtocol("TRACES");
  if (protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter();
  }
  if (protocol === "http/json") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter();
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}

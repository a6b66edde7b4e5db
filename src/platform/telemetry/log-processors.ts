// Creates the log record processors that OTEL_LOGS_EXPORTER names. The pino instrumentation emits a record for each log line;
// these send the records in batches, keep a bounded number while the receiver is away, and count the rest as lost.
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { LogRecordExporter, LogRecordProcessor } from "@opentelemetry/sdk-logs";
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from "@opentelemetry/semantic-conventions";
import { exporterNames, otlpProtocol, positiveNumber, warnIgnored } from "./exporter-variables.ts";

type Sdk = typeof import("@opentelemetry/sdk-logs");
type LogRecord = Parameters<LogRecordProcessor["onEmit"]>[0];

/** The SDK's default for OTEL_BLRP_MAX_QUEUE_SIZE. */
const defaultQueueSize = 2048;
/** Where the conventions want the parts of an error. */
const exceptionAttributes: ReadonlyMap<string, string> = new Map([
  ["type", ATTR_EXCEPTION_TYPE],
  ["message", ATTR_EXCEPTION_MESSAGE],
  ["stack", ATTR_EXCEPTION_STACKTRACE],
]);

export interface LogProcessors {
  /** Empty without an exporter; then log lines only go to standard output. */
  processors: LogRecordProcessor[];
  /** Number of records dropped since startup: the queue was full, or the receiver didn't accept them. */
  lost(): number;
}

/** Creates the processors for OTEL_LOGS_EXPORTER: none (default), otlp or console. Loads the SDK's part for logs only if needed. */
export async function logProcessorsFromEnvironment(): Promise<LogProcessors> {
  const queues: QueuedLogProcessor[] = [];
  const processors: LogRecordProcessor[] = [];
  for (const name of exporterNames("OTEL_LOGS_EXPORTER", "none")) {
    if (name === "otlp") {
      const queue = new QueuedLogProcessor(await import("@opentelemetry/sdk-logs"), await otlpExporter());
      queues.push(queue);
      processors.push(queue);
    } else if (name === "console") {
      const { ConsoleLogRecordExporter, SimpleLogRecordProcessor } = await import("@opentelemetry/sdk-logs");
      processors.push(new SimpleLogRecordProcessor({ exporter: new ConsoleLogRecordExporter() }));
    } else {
      warnIgnored("OTEL_LOGS_EXPORTER", name, "otlp, console or none");
    }
  }
  return { processors, lost: () => queues.reduce((sum, queue) => sum + queue.lost, 0) };
}

/** The SDK's batch processor, which drops records without telling, behind a count of those that wait. */
class QueuedLogProcessor implements LogRecordProcessor {
  readonly #batches: LogRecordProcessor;
  readonly #capacity = positiveNumber("OTEL_BLRP_MAX_QUEUE_SIZE") ?? defaultQueueSize;
  #waiting = 0;
  lost = 0;

  constructor({ BatchLogRecordProcessor }: Pick<Sdk, "BatchLogRecordProcessor">, exporter: LogRecordExporter) {
    const settings = {
      scheduledDelayMillis: positiveNumber("OTEL_BLRP_SCHEDULE_DELAY"),
      exportTimeoutMillis: positiveNumber("OTEL_BLRP_EXPORT_TIMEOUT"),
      maxExportBatchSize: positiveNumber("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"),
    };
    const valid = Object.entries(settings).filter(([, value]) => value !== undefined);
    this.#batches = new BatchLogRecordProcessor({
      exporter: this.#counting(exporter),
      maxQueueSize: this.#capacity,
      ...Object.fromEntries(valid),
    });
  }

  onEmit(record: LogRecord): void {
    if (this.#waiting >= this.#capacity) {
      this.lost += 1;
      return;
    }
    this.#waiting += 1;
    nameException(record);
    // Otherwise the batch's timer would keep the context of the request that started it.
    context.with(ROOT_CONTEXT, () => this.#batches.onEmit(record));
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }

  #counting(exporter: LogRecordExporter): LogRecordExporter {
    return {
      export: (records, done) => {
        this.#waiting -= records.length;
        exporter.export(records, (result: ExportResult) => {
          if (result.code !== ExportResultCode.SUCCESS) this.lost += records.length;
          done(result);
        });
      },
      forceFlush: () => exporter.forceFlush(),
      shutdown: () => exporter.shutdown(),
    };
  }
}

/** Names type, message and stack of the line's error as the conventions do. Its code and cause have no such names. */
function nameException(record: LogRecord): void {
  const { err } = record.attributes;
  if (typeof err !== "object" || err === null) return;
  const rest: typeof record.attributes = {};
  for (const [name, value] of Object.entries(err)) {
    const conventional = exceptionAttributes.get(name);
    if (conventional === undefined) rest[name] = value;
    else record.setAttribute(conventional, value);
  }
  record.setAttribute("err", rest);
}

async function otlpExporter(): Promise<LogRecordExporter> {
  const protocol = otlpProtocol("LOGS");
  if (protocol === "grpc") {
    const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-grpc");
    return new OTLPLogExporter();
  }
  if (protocol === "http/json") {
    const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-http");
    return new OTLPLogExporter();
  }
  const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-proto");
  return new OTLPLogExporter();
}

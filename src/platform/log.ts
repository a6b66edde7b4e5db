// JSON log lines on standard output. The pino instrumentation adds trace_id and span_id to each line of a request.
// An error is written by its fields (error-fields.ts), in whatever way it is given: a message of a library can quote values.
import { metrics } from "@opentelemetry/api";
import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import { errorFields } from "./error-fields.ts";
import { LogOutput } from "./log-output.ts";

export type { Logger };

/** At the end of the process, the longest wait for a reader to take the last lines, in milliseconds. */
export const lastLinesMs = 250;

/** What every logger of the service has, so that no error brings values along. */
const errorOptions = {
  serializers: { err: (error: unknown) => errorFields(error) },
  hooks: {
    // pino makes the message of an error the message of a line that has none.
    logMethod(args, method) {
      const [first, ...rest] = args;
      const hasError = first instanceof Error || Object(first).err !== undefined;
      if (!hasError || rest.length > 0) return method.apply(this, args);
      return method.apply(this, [first instanceof Error ? { err: first } : first, "error"]);
    },
  },
} satisfies LoggerOptions;

/** For pino's `formatters.log`: errors under other names than `err`. */
function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error && name !== "err") return withoutErrors({ ...fields, [name]: errorFields(value) });
  }
  return fields;
}

/**
 * A logger that writes one JSON object a line: `level` as a word, `time` in ISO 8601, `msg`, and the given fields. To standard
 * output, or to `destination`. Lines that standard output does not take are counted in `log.lines.lost`, and by a line of the
 * log when writing works again.
 */
export function createLogger(level: string, destination: DestinationStream = new LogOutput()): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: withoutErrors },
    ...errorOptions,
  };
  const log = pino(options, destination);
  if (destination instanceof LogOutput) reportLosses(log, destination);
  return log;
}

function reportLosses(log: Logger, output: LogOutput): void {
  output.whenLost((lines) => log.warn({ lines }, "log lines were lost: standard output took none for a while"));
  metrics
    .getMeter("log")
    .createObservableCounter("log.lines.lost", {
      description: "Log lines that standard output did not take",
      unit: "{line}",
    })
    .addCallback((result) => result.observe(output.lost));
  process.once("exit", () => output.finish(lastLinesMs));
}

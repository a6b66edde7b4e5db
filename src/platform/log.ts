// Creates loggers that write JSON lines to standard output. The pino instrumentation adds trace_id and span_id to each line of a
// request. Errors are logged by their safe fields (error-fields.ts), however they are passed: a library's message can quote values.
import { type DestinationStream, type Logger, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import { errorFields } from "./error-fields.ts";
import { LogOutput } from "./log-output.ts";
import { countLostLines } from "./lost-log-lines.ts";

export type { Logger };

/** Longest wait at the end of the process for a reader to accept the last lines. */
export const logFlushMs = 250;

/** Keeps values in errors out of the log. */
const errorOptions = {
  serializers: { err: (error: unknown) => errorFields(error) },
  // The pino instrumentation keeps only parts of the field with this name, so none has it: `err` reaches OTLP whole.
  errorKey: "\0",
  hooks: {
    // Without a message of its own, pino would use the error's message for the line.
    logMethod(args, method) {
      const [first, ...rest] = args;
      const hasError = first instanceof Error || Object(first).err !== undefined;
      if (!hasError) return method.apply(this, args);
      const fields = first instanceof Error ? { err: first } : first;
      const [message = "error", ...values] = rest;
      return method.apply(this, [fields, message, ...values]);
    },
  },
} satisfies LoggerOptions;

/** For pino's `formatters.log`: replaces errors under names other than `err`. */
function withoutErrors(fields: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Error && name !== "err") return withoutErrors({ ...fields, [name]: errorFields(value) });
  }
  return fields;
}

/**
 * A logger that writes one JSON object per line: `level` as a word, `time` in ISO 8601, `msg` and the given fields. Lines that
 * standard output does not accept are counted in `log.lines.lost`, and in a log line when writing works again.
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
  output.onLost((lines) => log.warn({ lines }, "log lines were lost: standard output was blocked for a while"));
  countLostLines("stdout", () => output.lost);
  process.once("exit", () => output.finish(logFlushMs));
}

// JSON log lines on standard output. The pino instrumentation adds trace_id and span_id to each line of a request.
import { type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger };

/** A logger that writes one JSON object a line: `level` as a word, `time` in ISO 8601, `msg`, and the given fields. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

// JSON log lines on standard output. The pino instrumentation adds trace_id and span_id to each line of a request.
import { metrics } from "@opentelemetry/api";
import { type Logger, pino, stdTimeFunctions } from "pino";
import { LogOutput } from "./log-output.ts";

export type { Logger };

/** At the end of the process, the longest wait for a reader to take the last lines, in milliseconds. */
export const lastLinesMs = 250;

/**
 * A logger that writes one JSON object a line: `level` as a word, `time` in ISO 8601, `msg`, and the given fields. Lines that
 * `output` loses are counted in `log.lines.lost`, and by a line of the log when writing works again.
 */
export function createLogger(level: string, output = new LogOutput()): Logger {
  const log = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
  output.whenLost((lines) => log.warn({ lines }, "log lines were lost: standard output took none for a while"));
  metrics
    .getMeter("log")
    .createObservableCounter("log.lines.lost", {
      description: "Log lines that standard output did not take",
      unit: "{line}",
    })
    .addCallback((result) => result.observe(output.lost));
  process.once("exit", () => output.finish(lastLinesMs));
  return log;
}

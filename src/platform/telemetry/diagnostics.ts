// Sends what the OpenTelemetry SDK has to say to the service's own log. A collector that is away fails every export,
// every few seconds: that is one line for the outage, not one for each export.
import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { diagLogLevelFromString, setGlobalErrorHandler } from "@opentelemetry/core";
import { errorFields, reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";

/** Longer than any sensible export interval: a failure after so long a silence is a new outage. */
const quietMs = 300_000;

/** From here on the SDK's messages are log lines; `OTEL_LOG_LEVEL` (default `warn`) says which. */
export function reportDiagnostics(log: Logger, now: () => number = Date.now): void {
  const telemetryLog = log.child({ component: "telemetry" });
  const isNews = onceAnOutage(now);
  const diagLogger: DiagLogger = {
    error: (message, ...details) => isNews(kindOf(message)) && telemetryLog.error(fields(details), message),
    warn: (message, ...details) => isNews(kindOf(message)) && telemetryLog.warn(fields(details), message),
    info: (message, ...details) => telemetryLog.info(fields(details), message),
    debug: (message, ...details) => telemetryLog.debug(fields(details), message),
    verbose: (message, ...details) => telemetryLog.trace(fields(details), message),
  };
  const logLevel = diagLogLevelFromString(process.env.OTEL_LOG_LEVEL || "warn") ?? DiagLogLevel.WARN;
  diag.setLogger(diagLogger, { logLevel, suppressOverrideMessage: true });
  setGlobalErrorHandler((error) => {
    if (isNews("export")) {
      telemetryLog.warn(
        { reason: reasonOf(error) },
        "telemetry cannot be sent; said once, until it has worked again for a while",
      );
    }
  });
}

function fields(details: unknown[]): object {
  return details.length > 0 ? { details: details.map((one) => (one instanceof Error ? errorFields(one) : one)) } : {};
}

/** All that a missing collector causes is one kind; anything else is told apart by its text, whatever its figures. */
function kindOf(message: string): string {
  return /export|dropped/i.test(message) ? "export" : message.replaceAll(/\d+/g, "0");
}

/** True for the first event of a kind, and again after a silence of `quietMs`. */
function onceAnOutage(now: () => number): (kind: string) => boolean {
  const lastAt = new Map<string, number>();
  return (kind) => {
    const last = lastAt.get(kind);
    lastAt.set(kind, now());
    return last === undefined || now() - last > quietMs;
  };
}

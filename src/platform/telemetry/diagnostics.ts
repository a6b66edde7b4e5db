// Sends the OpenTelemetry SDK's messages to the service's log. While the collector is down, every export fails, every few
// seconds: that makes one log line per outage, not one per export.
import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { diagLogLevelFromString, setGlobalErrorHandler } from "@opentelemetry/core";
import { errorFields, reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";

/** Longer than any sensible export interval: a failure after this long without one is a new outage. */
const quietMs = 300_000;

/** Routes the SDK's messages to `log`, from the level `OTEL_LOG_LEVEL` (default: `warn`) up. */
export function reportDiagnostics(log: Logger, now: () => number = Date.now): void {
  const telemetryLog = log.child({ component: "telemetry" });
  const isNew = oncePerOutage(now);
  const diagLogger: DiagLogger = {
    error: (message, ...details) => isNew(kindOf(message)) && telemetryLog.error(fields(details), message),
    warn: (message, ...details) => isNew(kindOf(message)) && telemetryLog.warn(fields(details), message),
    info: (message, ...details) => telemetryLog.info(fields(details), message),
    debug: (message, ...details) => telemetryLog.debug(fields(details), message),
    verbose: (message, ...details) => telemetryLog.trace(fields(details), message),
  };
  const logLevel = diagLogLevelFromString(process.env.OTEL_LOG_LEVEL || "warn") ?? DiagLogLevel.WARN;
  diag.setLogger(diagLogger, { logLevel, suppressOverrideMessage: true });
  setGlobalErrorHandler((error) => {
    if (isNew("export")) {
      telemetryLog.warn({ reason: reasonOf(error) }, "can't send telemetry; logged once per outage");
    }
  });
}

function fields(details: unknown[]): object {
  return details.length > 0
    ? { details: details.map((detail) => (detail instanceof Error ? errorFields(detail) : detail)) }
    : {};
}

/** Everything that a missing collector causes is one kind. Other messages are told apart by their text without numbers. */
function kindOf(message: string): string {
  return /export|dropped/i.test(message) ? "export" : message.replaceAll(/\d+/g, "0");
}

/** Returns true for the first event of a kind, and again when there was none for `quietMs`. */
function oncePerOutage(now: () => number): (kind: string) => boolean {
  const lastAt = new Map<string, number>();
  return (kind) => {
    const last = lastAt.get(kind);
    lastAt.set(kind, now());
    return last === undefined || now() - last > quietMs;
  };
}

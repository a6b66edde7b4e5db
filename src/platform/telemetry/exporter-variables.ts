// Reads the variables that metric readers and span processors share. Warns about values it ignores with a process warning, because
// the SDK sets up its logger only after it has its readers and processors.
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";

/** The exporters that OTEL_TRACES_EXPORTER or OTEL_METRICS_EXPORTER names, each once: otlp by default, empty for none. */
export function exporterNames(variable: string): ReadonlySet<string> {
  const names = new Set(getStringListFromEnv(variable) ?? []);
  if (names.has("none")) return new Set();
  return names.size === 0 ? new Set(["otlp"]) : names;
}

/** The OTLP protocol for a signal: `http/protobuf` by default. */
export function otlpProtocol(signal: "TRACES" | "METRICS"): "grpc" | "http/json" | "http/protobuf" {
  for (const variable of [`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, "OTEL_EXPORTER_OTLP_PROTOCOL"]) {
    const protocol = getStringFromEnv(variable)?.trim();
    if (protocol === "grpc" || protocol === "http/json" || protocol === "http/protobuf") return protocol;
    if (protocol === undefined || protocol === "") continue;
    warnIgnored(variable, protocol, "grpc, http/json or http/protobuf");
    break;
  }
  return "http/protobuf";
}

/** Undefined when the variable isn't set, and for 0 or less, which the SDK ignores too. */
export function positiveNumber(variable: string): number | undefined {
  const value = getNumberFromEnv(variable);
  if (value === undefined || value > 0) return value;
  warnIgnored(variable, value, "a number above 0");
  return undefined;
}

/** Warns that the value of a variable is ignored. */
export function warnIgnored(variable: string, value: unknown, accepted: string): void {
  process.emitWarning(`${variable}: got ${value}, accepts ${accepted}; ignored`);
}

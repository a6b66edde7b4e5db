// Reads the variables that metric readers, span processors and log processors share. Warns about values it ignores with a process warning, because
// the SDK sets up its logger only after it has its readers and processors.
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";

/** The exporters that a variable such as OTEL_TRACES_EXPORTER names, each once: empty for none. */
export function exporterNames(variable: string, byDefault: "otlp" | "none" = "otlp"): ReadonlySet<string> {
  const names = new Set(getStringListFromEnv(variable) ?? []);
  if (names.size === 0) names.add(byDefault);
  return names.has("none") ? new Set() : names;
}

/** The OTLP protocol for a signal: `http/protobuf` by default. */
export function otlpProtocol(signal: "TRACES" | "METRICS" | "LOGS"): "grpc" | "http/json" | "http/protobuf" {
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

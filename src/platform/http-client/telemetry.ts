// Counts retries and refusals of outbound calls. Spans and durations come from OpenTelemetry's undici instrumentation.
import { metrics, ValueType } from "@opentelemetry/api";
import type { Refusal } from "./destination.ts";
import type { RetryOutcome } from "./retries.ts";

const outcomes: readonly RetryOutcome[] = ["sent", "no_budget", "no_time"];
const refusals: readonly Refusal[] = ["scheme", "credentials", "address"];

/** The counters of outbound calls. */
export function clientTelemetry() {
  const meter = metrics.getMeter("http-client");
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description, valueType: ValueType.INT });
  const retries = counter(
    "http.client.retries",
    "{retry}",
    "Transient failures of outbound calls, by whether they were retried",
  );
  const refused = counter("http.client.refused", "{request}", "Calls refused because their destination is not allowed");
  // A counter is not exported before its first value: the zeros tell "none so far" from "no data".
  for (const outcome of outcomes) retries.add(0, { outcome });
  for (const reason of refusals) refused.add(0, { reason });
  return {
    retry: (outcome: RetryOutcome) => retries.add(1, { outcome }),
    refused: (reason: Refusal) => refused.add(1, { reason }),
  };
}

// What outbound calls report besides the span and duration of each, which the OpenTelemetry instrumentation of undici makes.
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
  const retries = counter("http.client.retries", "{retry}", "Failed attempts that were sent again, or could have been");
  const refused = counter("http.client.refused", "{request}", "Calls to destinations that are not allowed");
  // A counter that has not counted yet is not exported: with the first zero, "none so far" can be told from "no data".
  for (const outcome of outcomes) retries.add(0, { outcome });
  for (const reason of refusals) refused.add(0, { reason });
  return {
    retry: (outcome: RetryOutcome) => retries.add(1, { outcome }),
    refused: (reason: Refusal) => refused.add(1, { reason }),
  };
}

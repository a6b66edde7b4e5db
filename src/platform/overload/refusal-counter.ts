// Counts the requests that are refused a slot, by the queue or before their body is read.
import { metrics, ValueType } from "@opentelemetry/api";
import { type Priority, priorities } from "../http/types.ts";
import { Problem, type ProblemType } from "../request/problem.ts";

/** A disconnect or a passed deadline also ends a wait, but is not a refusal. */
const refusals: readonly ProblemType[] = ["queue_full", "queue_timeout", "shed"];

/** Counts `error` in `admission.refused` if it is a refusal; returns it either way. */
export type CountRefusal = (error: unknown, priority: Priority) => unknown;

/** Creates the metric `admission.refused` and returns the function that counts in it. */
export function refusalCounter(): CountRefusal {
  const refused = metrics.getMeter("admission").createCounter("admission.refused", {
    unit: "{request}",
    description: "Requests refused a slot, by reason",
    valueType: ValueType.INT,
  });
  // A counter is not exported before its first value. Starting at zero tells "none so far" from "no data".
  for (const priority of priorities) for (const reason of refusals) refused.add(0, { reason, class: priority });
  return (error, priority) => {
    if (error instanceof Problem && refusals.includes(error.type)) {
      refused.add(1, { reason: error.type, class: priority });
    }
    return error;
  };
}

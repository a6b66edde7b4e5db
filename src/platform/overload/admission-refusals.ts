// Counts requests that get no slot, whether the queue refuses them or they are refused before their body is read.
import { metrics, ValueType } from "@opentelemetry/api";
import { type Priority, priorities } from "../http/types.ts";
import { Problem, type ProblemType } from "../request/problem.ts";

/** A client that hangs up or a deadline that passes ends a wait too, but is not a refusal. */
const refusals: readonly ProblemType[] = ["queue_full", "queue_timeout", "shed"];

/** Counts an error as `admission.refused`, if it is a refusal, and returns it. */
export type CountRefusal = (error: unknown, priority: Priority) => unknown;

export function refusalCounter(): CountRefusal {
  const refused = metrics.getMeter("admission").createCounter("admission.refused", {
    unit: "{request}",
    description: "Requests that were refused a slot, by reason",
    valueType: ValueType.INT,
  });
  // A counter that has not counted yet is not exported: with the first zero, "none so far" can be told from "no data".
  for (const priority of priorities) for (const reason of refusals) refused.add(0, { reason, class: priority });
  return (error, priority) => {
    if (error instanceof Problem && refusals.includes(error.type)) {
      refused.add(1, { reason: error.type, class: priority });
    }
    return error;
  };
}

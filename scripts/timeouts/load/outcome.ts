// Sorts responses into four outcomes, with a reason for all but the good ones.

export type Outcome =
  | { result: "good" }
  /** `reason`: a problem `type`, a status, a network error code or "client timeout". */
  | { result: "refused" | "timedOut" | "error"; reason: string };

/** Problem types that mean "out of time", whatever the status: a slot that takes too long is a 503. */
const timeoutTypes: readonly string[] = [
  "queue_timeout",
  "pool_timeout",
  "query_timeout",
  "outbound_timeout",
  "deadline_exceeded",
];
/** The service chooses the reasons; longer ones are truncated. */
const maxReasonLength = 60;

/** `problem`: the `type` of the problem details, if any. A 4xx other than 429 is an error, ours or the service's. */
export function outcomeOf(status: number, problem: string | undefined): Outcome {
  if (status < 400) return { result: "good" };
  const reason = (problem ?? `status ${status}`).slice(0, maxReasonLength);
  if (status === 504 || timeoutTypes.includes(reason)) return { result: "timedOut", reason };
  return { result: status === 503 || status === 429 ? "refused" : "error", reason };
}

// What became of a request: each is one of four, with a reason for all but the good ones.

export type Outcome =
  | { result: "good" }
  /** `reason`: the `type` of a problem, a status, a network error's code, or "client timeout". */
  | { result: "refused" | "timedOut" | "error"; reason: string };

/** The service says that time was up, whatever its status: a wait for a place that was too long is answered with 503. */
const timeoutTypes: readonly string[] = [
  "queue_timeout",
  "pool_timeout",
  "query_timeout",
  "outbound_timeout",
  "deadline_exceeded",
];
/** Somebody else writes them: longer ones are cut. */
const longestReason = 60;

/** `problem`: the `type` of its problem details, when there is one. 4xx answers but 429 are errors: of ours, or of the service. */
export function outcomeOf(status: number, problem: string | undefined): Outcome {
  if (status < 400) return { result: "good" };
  const reason = (problem ?? `status ${status}`).slice(0, longestReason);
  if (status === 504 || timeoutTypes.includes(reason)) return { result: "timedOut", reason };
  return { result: status === 503 || status === 429 ? "refused" : "error", reason };
}

// Why a service is slow or times out: a pure function of the measurements. It looks first at what requests waited for, then at
// why they were refused, then at what the service reported about itself.
import { z } from "zod";
import { type Cause, causeSchema, causes } from "./causes.ts";
import {
  affected,
  calmPhases,
  inTrouble,
  inWords,
  type Measured,
  percent,
  reportsInternals,
  rounded,
} from "./evidence.ts";
import { rules } from "./rules.ts";

export const verdictSchema = z.object({
  cause: causeSchema,
  title: z.string(),
  /** The measurements behind it. */
  evidence: z.array(z.string()),
  /** What to do, with the variables to set. */
  actions: z.array(z.string()),
});
export type Verdict = z.infer<typeof verdictSchema>;

export function verdictOf(measured: Measured): Verdict {
  const { total } = measured.load;
  if (total.sent === 0) return verdict("unknown", ["Nothing was measured."]);
  if (!inTrouble(measured))
    return verdict("nothing_wrong", ["Every endpoint meets all targets that could be measured."]);
  if (!reportsInternals(measured)) {
    return verdict(
      "unknown",
      [
        ...troubles(measured),
        "The service reports no phases (Server-Timing), no problem types and no /health, so the cause stays unknown.",
      ],
      ["Send a Server-Timing header with phases, as this template does, to see where the time goes."],
    );
  }
  for (const { cause, holds } of rules) {
    const evidence = holds(measured);
    if (evidence !== undefined) return verdict(cause, [evidence, ...context(measured), ...troubles(measured)]);
  }
  return noKnownCause(measured);
}

/** Rate-limited callers, and what no rule explains. */
function noKnownCause(measured: Measured): Verdict {
  const { total } = measured.load;
  const limited = total.refusedBy.rate_limited ?? 0;
  if (limited > 0 && limited >= 0.9 * (total.sent - total.good)) {
    return verdict(
      "nothing_wrong",
      [`The rate limit refused ${percent(limited / total.sent)} of all requests, as it should.`],
      [
        "Add the address that this runs from to RATE_LIMIT_EXEMPT; RATE_LIMIT_PER_MINUTE (600) applies to each address and subject.",
      ],
    );
  }
  const credentials = (total.errorsBy.unauthenticated ?? 0) + (total.errorsBy.forbidden ?? 0) > 0;
  return verdict(
    "unknown",
    [...context(measured), ...troubles(measured)],
    credentials
      ? ["Pass credentials with --token or --api-key."]
      : ["Look at the service's log and its slowest traces."],
  );
}

function verdict(cause: Cause, evidence: string[], actions: readonly string[] = causes[cause].actions): Verdict {
  return { cause, title: causes[cause].title, evidence, actions: [...actions] };
}

/** What the affected requests waited for, next to the same on the idle service. */
function context(measured: Measured): string[] {
  const slow = affected(measured);
  const calm = calmPhases(measured);
  return [
    ...(slow === undefined ? [] : [`Average of ${slow.requests}: ${inWords(slow.phases)}.`]),
    ...(calm ? [`Average of the idle service: ${inWords(calm)}.`] : []),
  ];
}

/** How bad it is, most frequent reasons first. */
function troubles({ load: { total } }: Measured): string[] {
  const line = (what: string, count: number, by: Readonly<Record<string, number>>) => {
    const reasons = Object.entries(by).toSorted(([, a], [, b]) => b - a);
    const named = reasons.slice(0, 3).map(([reason, times]) => `${reason} ×${times}`);
    return count === 0 ? [] : [`${percent(count / total.sent)} ${what}: ${named.join(", ")}.`];
  };
  return [
    ...line("timed out", total.timedOut, total.timedOutBy),
    ...line("were refused", total.refused, total.refusedBy),
    ...line("failed", total.errors, total.errorsBy),
    ...(total.latency === null
      ? []
      : [`p95 is ${rounded(total.latency.p95Ms)} ms, the maximum ${rounded(total.latency.maxMs)} ms.`]),
  ];
}

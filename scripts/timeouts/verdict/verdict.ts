// Why a service is slow or times out: a pure function of what was measured. What its requests waited for comes first, then why
// it refused them, then what it said of itself meanwhile.
import { z } from "zod";
import { type Cause, causeSchema, causes } from "./causes.ts";
import {
  calmPhases,
  inTrouble,
  inWords,
  type Measured,
  percent,
  rounded,
  suffering,
  tellsOfItself,
} from "./evidence.ts";
import { rules } from "./rules.ts";

export const verdictSchema = z.object({
  cause: causeSchema,
  title: z.string(),
  /** What was measured that says so. */
  evidence: z.array(z.string()),
  /** What to do, with the variable that it concerns. */
  actions: z.array(z.string()),
});
export type Verdict = z.infer<typeof verdictSchema>;

export function verdictOf(measured: Measured): Verdict {
  const { total } = measured.load;
  if (total.sent === 0) return verdict("unknown", ["Nothing was measured."]);
  if (!inTrouble(measured))
    return verdict("nothing_wrong", ["All targets that could be measured are met, by each endpoint."]);
  if (!tellsOfItself(measured)) {
    return verdict(
      "unknown",
      [
        ...troubles(measured),
        "The service offers no phases (Server-Timing), no problem types and no /health: no cause.",
      ],
      ["Have it say where its requests' time goes: the header Server-Timing, as this template sends it."],
    );
  }
  for (const { cause, holds } of rules) {
    const evidence = holds(measured);
    if (evidence !== undefined) return verdict(cause, [evidence, ...context(measured), ...troubles(measured)]);
  }
  return withoutCause(measured);
}

/** What is no fault of the service, and what no rule knows. */
function withoutCause(measured: Measured): Verdict {
  const { total } = measured.load;
  const limited = total.refusedBy.rate_limited ?? 0;
  if (limited > 0 && limited >= 0.9 * (total.sent - total.good)) {
    return verdict(
      "nothing_wrong",
      [`The rate limit refused ${percent(limited / total.sent)}: that is its work.`],
      ["RATE_LIMIT_EXEMPT takes the address that this runs at; RATE_LIMIT_PER_MINUTE (600) is for everyone."],
    );
  }
  const credentials = (total.errorsBy.unauthenticated ?? 0) + (total.errorsBy.forbidden ?? 0) > 0;
  return verdict(
    "unknown",
    [...context(measured), ...troubles(measured)],
    credentials
      ? ["Give credentials with --token or --api-key."]
      : ["Look at the service's log, and at its slowest traces."],
  );
}

function verdict(cause: Cause, evidence: string[], actions: readonly string[] = causes[cause].actions): Verdict {
  return { cause, title: causes[cause].title, evidence, actions: [...actions] };
}

/** What the requests that suffered waited for, beside what they do when nothing else is going on. */
function context(measured: Measured): string[] {
  const suffered = suffering(measured);
  const calm = calmPhases(measured);
  return [
    ...(suffered === undefined ? [] : [`Of ${suffered.who}, on average: ${inWords(suffered.phases)}.`]),
    ...(calm ? [`When calm, on average: ${inWords(calm)}.`] : []),
  ];
}

/** How bad it is, most frequent reason first. */
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
      : [`p95 is ${rounded(total.latency.p95Ms)} ms, the longest ${rounded(total.latency.maxMs)} ms.`]),
  ];
}

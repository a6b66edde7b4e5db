// The figures behind the verdict, in a form that keeps its rules readable.
import type { LoadFigures } from "../load/load-figures.ts";
import { type Phase, type PhaseTimes, phases, sumOf } from "../load/phases.ts";
import type { Samples } from "../service/sample-figures.ts";
import { isFast, limits, type Target } from "./targets.ts";

/** Everything a verdict may use. `calm` is the same service, nearly idle; null when that was not measured. */
export interface Measured {
  load: LoadFigures;
  calm: LoadFigures | null;
  samples: Samples;
  targets: readonly Target[];
}

/** What a request waits for. "process" is its code, its event loop and its socket queues. */
export type Wait = "receive" | "queue" | "auth" | "pool" | "query" | "outbound" | "process";

/** Milliseconds spent on each wait. */
export type Waits = Readonly<Record<Wait, number>>;

export function waitsOf({ receive, queue, auth, pool, query, outbound, loop, own, outside }: PhaseTimes): Waits {
  return { receive, queue, auth, pool, query, outbound, process: loop + own + outside };
}

export function longest(waits: Waits): Wait {
  const all = ["receive", "queue", "auth", "pool", "query", "outbound", "process"] as const;
  return all.reduce((most, wait) => (waits[wait] > waits[most] ? wait : most));
}

/**
 * The affected requests: those that the service timed out if they are 1 % or more, otherwise the slowest 1 %. Undefined without
 * phases, or when even the slowest were quick: the affected requests were then refused, and their phases tell nothing.
 */
export function affected({ load: { total } }: Measured): { requests: string; phases: PhaseTimes } | undefined {
  const { timedOut, slowest } = total.phases;
  if (timedOut !== null && total.timedOut >= 0.01 * total.sent)
    return { requests: "requests that timed out", phases: timedOut };
  if (slowest === null || sumOf(slowest) < limits.latencyMs / 2) return undefined;
  return { requests: "the slowest 1 %", phases: slowest };
}

/** Mean phases on the idle service, for its slowest endpoint. */
export function calmPhases({ calm }: Measured): PhaseTimes | undefined {
  const means = (calm?.endpoints ?? []).flatMap(({ phases: { mean } }) => mean ?? []);
  return means.toSorted((a, b) => sumOf(b) - sumOf(a))[0];
}

/** Share of all requests (0 to 1) that were refused or failed for one of these reasons. */
export function shareOf({ load: { total } }: Measured, ...types: string[]): number {
  const all = [total.refusedBy, total.timedOutBy, total.errorsBy];
  const count = all.flatMap((by) => types.map((type) => by[type] ?? 0)).reduce((sum, times) => sum + times, 0);
  return total.sent === 0 ? 0 : count / total.sent;
}

/** Whether there is anything to explain: a target was missed, or one endpoint on its own would miss it. */
export function inTrouble({ load: { endpoints }, targets }: Measured): boolean {
  const used = endpoints.filter(({ sent }) => sent > 0);
  const late = used.some((one) => !isFast(one) || one.timedOut >= (limits.timeoutPercent / 100) * one.sent);
  return late || targets.some(({ met }) => met === false);
}

/** Whether the service reports anything about its inside. Without that, all we know is that it is slow. */
export function reportsInternals({ load: { total }, samples }: Measured): boolean {
  const reasons = [total.refusedBy, total.timedOutBy].flatMap((by) => Object.keys(by));
  const problems = reasons.some((reason) => reason !== "client timeout" && !/^status \d+$/.test(reason));
  return total.phases.mean !== null || samples.health !== null || problems;
}

/** "query 912 ms, queue 40 ms": longest first, without phases below 2 % of the total. */
export function inWords(times: PhaseTimes): string {
  const shown = phases.filter((phase) => times[phase] >= sumOf(times) / 50);
  const sorted = shown.toSorted((a: Phase, b: Phase) => times[b] - times[a]);
  return sorted.map((phase) => `${phase} ${rounded(times[phase])} ms`).join(", ");
}

export function percent(share: number): string {
  return `${rounded(100 * share)} %`;
}

export function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}

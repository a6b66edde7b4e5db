// The figures that the verdict is drawn from, put so that its rules can be read.
import type { LoadFigures } from "../load/load-figures.ts";
import { type Phase, type PhaseTimes, phases, sumOf } from "../load/phases.ts";
import type { Samples } from "../service/sample-figures.ts";
import { isFast, limits, type Target } from "./targets.ts";

/** All that a verdict may look at. `calm` is the same service with next to nothing to do; null when that was not tried. */
export interface Measured {
  load: LoadFigures;
  calm: LoadFigures | null;
  samples: Samples;
  targets: readonly Target[];
}

/** What a request waits for; the last one is the process itself: its code, its event loop, its sockets' queues. */
export type Wait = "receive" | "queue" | "auth" | "pool" | "query" | "outbound" | "process";

/** Milliseconds by what was waited for. */
export type Waits = Readonly<Record<Wait, number>>;

export function waitsOf({ receive, queue, auth, pool, query, outbound, loop, own, outside }: PhaseTimes): Waits {
  return { receive, queue, auth, pool, query, outbound, process: loop + own + outside };
}

export function longest(waits: Waits): Wait {
  const all = ["receive", "queue", "auth", "pool", "query", "outbound", "process"] as const;
  return all.reduce((most, wait) => (waits[wait] > waits[most] ? wait : most));
}

/**
 * The requests that suffered: those that the service says timed out, when they are 1 % or more, else the slowest 1 %. Undefined
 * without phases, and when not even those took long: then what suffers was refused, and its phases say nothing.
 */
export function suffering({ load: { total } }: Measured): { who: string; phases: PhaseTimes } | undefined {
  const { timedOut, slowest } = total.phases;
  if (timedOut !== null && total.timedOut >= 0.01 * total.sent)
    return { who: "those that timed out", phases: timedOut };
  if (slowest === null || sumOf(slowest) < limits.latencyMs / 2) return undefined;
  return { who: "the slowest 1 %", phases: slowest };
}

/** What a request waits for when nothing else is going on: on average, of the endpoint that takes longest. */
export function calmPhases({ calm }: Measured): PhaseTimes | undefined {
  const means = (calm?.endpoints ?? []).flatMap(({ phases: { mean } }) => mean ?? []);
  return means.toSorted((a, b) => sumOf(b) - sumOf(a))[0];
}

/** Of all requests, how many were refused, or ended, for one of these reasons: 0 to 1. */
export function shareOf({ load: { total } }: Measured, ...types: string[]): number {
  const all = [total.refusedBy, total.timedOutBy, total.errorsBy];
  const count = all.flatMap((by) => types.map((type) => by[type] ?? 0)).reduce((sum, one) => sum + one, 0);
  return total.sent === 0 ? 0 : count / total.sent;
}

/** Whether anything is to be explained: a target was missed, or one endpoint alone would miss its own. */
export function inTrouble({ load: { endpoints }, targets }: Measured): boolean {
  const used = endpoints.filter(({ sent }) => sent > 0);
  const late = used.some((one) => !isFast(one) || one.timedOut >= (limits.timeoutPercent / 100) * one.sent);
  return late || targets.some(({ met }) => met === false);
}

/** Whether the service says anything of what is inside: without that nothing can be known but that it is slow. */
export function tellsOfItself({ load: { total }, samples }: Measured): boolean {
  const reasons = [total.refusedBy, total.timedOutBy].flatMap((by) => Object.keys(by));
  const problems = reasons.some((reason) => reason !== "client timeout" && !/^status \d+$/.test(reason));
  return total.phases.mean !== null || samples.health !== null || problems;
}

/** "query 912 ms, queue 40 ms": from the longest on, without what took less than a fiftieth. */
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

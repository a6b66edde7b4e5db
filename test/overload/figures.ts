// The figures of a run, from what became of its requests.
import type { Outcome } from "./load.ts";

/** Until the code is warm and the queue as full as it gets. What is answered before that, or after the load, is not counted. */
export const warmUpMs = 1000;

/** Good answers a second that came after the warm-up and before the end of the load. */
export function goodput(outcomes: readonly Outcome[], seconds: number): number {
  const good = outcomes.filter(({ status, dueMs, ms }) => {
    const endedMs = dueMs + ms;
    return status === 200 && endedMs >= warmUpMs && endedMs < seconds * 1000;
  });
  return (good.length * 1000) / (seconds * 1000 - warmUpMs);
}

/**
 * Milliseconds from `endMs`, in steps of 100, until of those requests that left from then on, and of those of the first second
 * of that, 99 % got a good answer. As long as was observed, when that never came.
 */
export function recoveryMs(outcomes: readonly Outcome[], endMs: number): number {
  const after = outcomes.filter(({ dueMs }) => dueMs >= endMs).sort((a, b) => a.dueMs - b.dueMs);
  const lastMs = after.at(-1)?.dueMs ?? endMs;
  for (let fromMs = endMs; fromMs < lastMs; fromMs += 100) {
    const rest = after.filter(({ dueMs }) => dueMs >= fromMs);
    const firstSecond = rest.filter(({ dueMs }) => dueMs < fromMs + 1000);
    if (goodShare(rest) >= 0.99 && goodShare(firstSecond) >= 0.99) return fromMs - endMs;
  }
  return lastMs - endMs;
}

/** Of all, how many got a good answer in time: from 0 to 1. */
export function goodShare(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ status }) => status === 200).length / outcomes.length;
}

/** The smallest value that so many percent of all are not above; 0 of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

/** The least-squares line through points of x and y: its slope, and the standard error of that. */
export function slopeOf(points: readonly (readonly [number, number])[]): { slope: number; error: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const squares = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(squares / (points.length - 2) / spread) };
}

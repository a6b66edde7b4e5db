// Computes the figures of a run from the outcomes of its requests.
import type { Outcome } from "./load.ts";

/** Time for the code to warm up and the queue to fill. Responses before that, or after the load, do not count. */
export const warmUpMs = 1000;

/** Good responses per second after the warm-up and before the end of the load. */
export function goodput(outcomes: readonly Outcome[], seconds: number): number {
  const good = outcomes.filter(({ status, dueMs, ms }) => {
    const endedMs = dueMs + ms;
    return status === 200 && endedMs >= warmUpMs && endedMs < seconds * 1000;
  });
  return (good.length * 1000) / (seconds * 1000 - warmUpMs);
}

/**
 * Milliseconds from `endMs` to recovery, in steps of 100. The service has recovered when 99 % of all later requests, and of
 * those in the next second, get a good response. If it never does, the whole observed time.
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

/** The share of good responses, from 0 to 1. */
export function goodShare(outcomes: readonly Outcome[]): number {
  return outcomes.filter(({ status }) => status === 200).length / outcomes.length;
}

/** The percentile by nearest rank; 0 for no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

/** Fits a least-squares line through points of x and y. Returns its slope and the slope's standard error. */
export function slopeOf(points: readonly (readonly [number, number])[]): { slope: number; error: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const squares = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(squares / (points.length - 2) / spread) };
}

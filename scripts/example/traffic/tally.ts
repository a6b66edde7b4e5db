// Counts responses by status, for a log line each minute.

export type Tally = Map<string, number>;

export function count(tally: Tally, outcome: string): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}

/** Returns "300 requests: 200 ×290, 503 ×10" and resets the tally. */
export function summary(tally: Tally): string {
  const outcomes = [...tally].toSorted(([a], [b]) => a.localeCompare(b));
  tally.clear();
  const total = outcomes.reduce((sum, [, times]) => sum + times, 0);
  const parts = outcomes.map(([outcome, times]) => `${outcome} ×${times}`);
  return `${total} requests${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

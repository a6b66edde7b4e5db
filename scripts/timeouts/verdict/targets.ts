// The service's five targets, and whether a load met them.
import { z } from "zod";
import type { EndpointFigures, LoadFigures } from "../load/load-figures.ts";
import type { Samples } from "../service/sample-figures.ts";

export const targetSchema = z.object({
  id: z.enum(["latency", "timeouts", "availability", "memory", "queries"]),
  /** In words: "timeouts < 1 %". */
  target: z.string(),
  /** In `unit`. Null when the service does not report it, or nothing was sent. */
  measured: z.number().nullable(),
  limit: z.number(),
  unit: z.enum(["ms", "%"]),
  /** Null when it could not be measured. */
  met: z.boolean().nullable(),
  /** What the figure is about. */
  note: z.string(),
});
export type Target = z.infer<typeof targetSchema>;

export const limits = { latencyMs: 200, timeoutPercent: 1, availabilityPercent: 99.9, memoryPercent: 70, queryMs: 50 };

export function judge({ total, endpoints, queryP95Ms }: LoadFigures, { health, metrics }: Samples): Target[] {
  const used = endpoints.filter(({ sent }) => sent > 0);
  const fast = used.filter(isFast);
  const share = (count: number) => (total.sent === 0 ? null : (100 * count) / total.sent);
  const queries = queryP95Ms ?? metrics?.queryP95Ms ?? null;
  return [
    {
      id: "latency",
      target: `p95 of most endpoints < ${limits.latencyMs} ms`,
      measured: medianP95(used),
      limit: limits.latencyMs,
      unit: "ms",
      met: used.length === 0 ? null : fast.length > used.length / 2,
      note: `${fast.length} of ${used.length} endpoints; the figure is the median endpoint's p95`,
    },
    below("timeouts", "timeouts", share(total.timedOut), limits.timeoutPercent, "%", "of all requests"),
    {
      id: "availability",
      target: `availability ≥ ${limits.availabilityPercent} %`,
      measured: share(total.good),
      limit: limits.availabilityPercent,
      unit: "%",
      met: total.sent === 0 ? null : (100 * total.good) / total.sent >= limits.availabilityPercent,
      note: "good responses of all requests",
    },
    below("memory", "memory", health?.memoryPercentMax ?? null, limits.memoryPercent, "%", "highest value in /health"),
    below(
      "queries",
      "queries",
      queries,
      limits.queryMs,
      "ms",
      queryP95Ms === null ? "p95 of db.client.operation.duration" : "p95 of a request's query phase",
    ),
  ];
}

/** Whether its p95 is below the target. False without a good response. */
export function isFast({ latency }: EndpointFigures): boolean {
  return latency !== null && latency.p95Ms < limits.latencyMs;
}

function below(
  id: Target["id"],
  what: string,
  measured: number | null,
  limit: number,
  unit: Target["unit"],
  note: string,
): Target {
  const met = measured === null ? null : measured < limit;
  return {
    id,
    target: `${what} < ${limit} ${unit}`,
    measured,
    limit,
    unit,
    met,
    note: met === null ? "not measured" : note,
  };
}

/** The (upper) median of the endpoints' p95: below the target when most endpoints are. Null when it has no good response. */
function medianP95(endpoints: readonly EndpointFigures[]): number | null {
  const all = endpoints.map(({ latency }) => latency?.p95Ms ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const median = all[Math.floor(all.length / 2)];
  return median === undefined || median === Number.POSITIVE_INFINITY ? null : median;
}

// Summarizes the samples of /health and /metrics taken during a load.
import { z } from "zod";
import { largest, percentileBetween, type Sample } from "./prometheus.ts";

/** The fields of /health used here. */
export const healthSchema = z.object({
  memory_percent: z.number(),
  cpu_percent: z.number().optional(),
  dependencies: z
    .object({
      database: z.object({
        status: z.string(),
        breaker: z.string(),
        connections: z.object({ used: z.number(), waiting: z.number(), limit: z.number() }),
      }),
      outbound: z.object({ breakers: z.record(z.string(), z.number()) }),
    })
    .optional(),
});
export type Health = z.infer<typeof healthSchema>;

/** Counts are numbers of samples, times are in milliseconds, percentages are as in /health. */
export const samplesSchema = z.object({
  health: z
    .object({
      samples: z.number(),
      /** Requests without a response within 2 s. */
      unanswered: z.number(),
      answerP95Ms: z.number(),
      memoryPercentMax: z.number(),
      cpuPercentMax: z.number().nullable(),
      database: z
        .object({
          down: z.number(),
          breakerOpen: z.number(),
          poolFull: z.number(),
          waitingMax: z.number(),
          poolLimit: z.number(),
        })
        .nullable(),
      /** Most outbound breakers open at the same time. */
      outboundOpenMax: z.number(),
    })
    .nullable(),
  metrics: z.object({ loopDelayP99MaxMs: z.number().nullable(), queryP95Ms: z.number().nullable() }).nullable(),
});
export type Samples = z.infer<typeof samplesSchema>;

export function healthFigures(healths: readonly Health[], unanswered: number, answerP95Ms: number): Samples["health"] {
  if (healths.length === 0) return null;
  const max = (read: (health: Health) => number) => Math.max(...healths.map(read));
  const databases = healths.flatMap(({ dependencies }) => dependencies?.database ?? []);
  const countDatabases = (matches: (database: (typeof databases)[number]) => boolean) =>
    databases.filter(matches).length;
  return {
    samples: healths.length,
    unanswered,
    answerP95Ms,
    memoryPercentMax: max(({ memory_percent }) => memory_percent),
    cpuPercentMax: healths.some(({ cpu_percent }) => cpu_percent !== undefined)
      ? max(({ cpu_percent }) => cpu_percent ?? 0)
      : null,
    database:
      databases.length === 0
        ? null
        : {
            down: countDatabases(({ status }) => status !== "up"),
            breakerOpen: countDatabases(({ breaker }) => breaker !== "closed"),
            poolFull: countDatabases(({ connections }) => connections.used >= connections.limit),
            waitingMax: Math.max(...databases.map(({ connections }) => connections.waiting)),
            poolLimit: Math.max(...databases.map(({ connections }) => connections.limit)),
          },
    outboundOpenMax: max(({ dependencies }) => dependencies?.outbound.breakers.open ?? 0),
  };
}

export function metricsFigures(readings: readonly Sample[][]): Samples["metrics"] {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) return null;
  // The first reading covers the time before the load.
  const delays = readings.slice(1).map((samples) => largest(samples, "nodejs_eventloop_delay_p99_seconds"));
  const present = delays.filter((delay) => delay !== null);
  const queryP95S = percentileBetween(first, last, "db_client_operation_duration_seconds", 0.95, isRequestQuery);
  return {
    loopDelayP99MaxMs: present.length === 0 ? null : Math.max(...present) * 1000,
    queryP95Ms: queryP95S === null ? null : queryP95S * 1000,
  };
}

/** Leaves out the service's own health checks, which are quick and would flatter. */
function isRequestQuery(labels: Sample["labels"]): boolean {
  return labels.db_query_summary !== "health.ping";
}

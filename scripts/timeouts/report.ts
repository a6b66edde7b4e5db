// The report: the shape of `--json`, and the source of the text and the page. Fields are only added; `version` goes up when one
// has to change. Times are in milliseconds where the name says so.
import { z } from "zod";
import { capacitySchema } from "./load/capacity.ts";
import { latencySchema } from "./load/latencies.ts";
import { endpointFiguresSchema, loadFiguresSchema } from "./load/load-figures.ts";
import { phaseTimesSchema } from "./load/phases.ts";
import { samplesSchema } from "./service/sample-figures.ts";
import { targetSchema } from "./verdict/targets.ts";
import { verdictSchema } from "./verdict/verdict.ts";

export const reportSchema = z.object({
  version: z.literal(1),
  url: z.string(),
  startedAt: z.iso.datetime(),
  /** The run was stopped early. */
  partial: z.boolean(),
  /** All endpoints together, requested round-robin. Null when the run was stopped before the rate was known. */
  perSecond: z.number().nullable(),
  /** Duration of the load that the targets apply to. */
  seconds: z.number(),
  arrivals: z.literal("poisson"),
  clientTimeoutMs: z.number(),
  /** Null when the rate was given. */
  capacity: capacitySchema.nullable(),
  endpoints: z.array(endpointFiguresSchema),
  /** All endpoints together. */
  total: endpointFiguresSchema,
  timeline: loadFiguresSchema.shape.timeline,
  /** The nearly idle service, before the load; all endpoints together. */
  calm: z.object({ latency: latencySchema.nullable(), phases: phaseTimesSchema.nullable() }).nullable(),
  queryP95Ms: z.number().nullable(),
  generator: loadFiguresSchema.shape.generator.extend({ maxInFlight: z.number() }),
  health: samplesSchema.shape.health,
  metrics: samplesSchema.shape.metrics,
  targets: z.array(targetSchema),
  verdict: verdictSchema,
});
export type Report = z.infer<typeof reportSchema>;

/** 130 when the run was stopped, 1 when a target was missed, otherwise 0. */
export function exitCodeOf({ partial, targets }: Report): 0 | 1 | 130 {
  if (partial) return 130;
  return targets.some(({ met }) => met === false) ? 1 : 0;
}

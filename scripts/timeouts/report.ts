// The report: the shape of `--json`, and what the text and the page are made of. Fields are only ever added; `version` says
// when one had to change. Times are in milliseconds where the name says so.
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
  /** It was stopped before its end. */
  partial: z.boolean(),
  /** Of all endpoints together; they take turns. Null when it was stopped before that was known. */
  perSecond: z.number().nullable(),
  /** How long the load that is judged lasted. */
  seconds: z.number(),
  arrivals: z.literal("poisson"),
  clientTimeoutMs: z.number(),
  /** Null when the rate was given. */
  capacity: capacitySchema.nullable(),
  endpoints: z.array(endpointFiguresSchema),
  /** Of all endpoints. */
  total: endpointFiguresSchema,
  timeline: loadFiguresSchema.shape.timeline,
  /** With next to nothing to do, before the load: all requests. */
  calm: z.object({ latency: latencySchema.nullable(), phases: phaseTimesSchema.nullable() }).nullable(),
  queryP95Ms: z.number().nullable(),
  generator: loadFiguresSchema.shape.generator.extend({ maxInFlight: z.number() }),
  health: samplesSchema.shape.health,
  metrics: samplesSchema.shape.metrics,
  targets: z.array(targetSchema),
  verdict: verdictSchema,
});
export type Report = z.infer<typeof reportSchema>;

/** 130 when it was stopped, 1 when a target was missed, else 0. */
export function exitCodeOf({ partial, targets }: Report): 0 | 1 | 130 {
  if (partial) return 130;
  return targets.some(({ met }) => met === false) ? 1 : 0;
}

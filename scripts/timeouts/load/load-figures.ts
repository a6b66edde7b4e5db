// What a load gives: the plan that it follows, and its figures by endpoint and over time. Times are in milliseconds.
import { z } from "zod";
import { latencySchema } from "./latencies.ts";
import { phaseTimesSchema } from "./phases.ts";

export const planSchema = z.object({
  /** Without a path. */
  origin: z.string(),
  /** They take turns. `name` is what the report calls it. */
  endpoints: z.array(z.object({ name: z.string(), method: z.string(), path: z.string() })).min(1),
  headers: z.record(z.string(), z.string()),
  /** Of all endpoints together. */
  perSecond: z.number(),
  seconds: z.number(),
  /** A client gives up so long after its request should have left. */
  timeoutMs: z.number(),
  /** More wait for a connection; that counts as their time. */
  maxInFlight: z.number(),
  seed: z.number(),
});
export type Plan = z.infer<typeof planSchema>;
export type Endpoint = Plan["endpoints"][number];

const countsSchema = z.object({
  sent: z.number(),
  good: z.number(),
  refused: z.number(),
  timedOut: z.number(),
  errors: z.number(),
});
const reasonsSchema = z.record(z.string(), z.number());
const meansSchema = phaseTimesSchema.nullable();

export const endpointFiguresSchema = countsSchema.extend({
  name: z.string(),
  refusedBy: reasonsSchema,
  timedOutBy: reasonsSchema,
  errorsBy: reasonsSchema,
  /** Of good answers and of those that timed out: refusals are quick, and would flatter. Null when there were none. */
  latency: latencySchema.nullable(),
  /** Means, where Server-Timing was offered: of the same, of the slowest 1 % of them, and of those that timed out. */
  phases: z.object({ mean: meansSchema, slowest: meansSchema, timedOut: meansSchema }),
});
export type EndpointFigures = z.infer<typeof endpointFiguresSchema>;

export const momentSchema = countsSchema.extend({
  /** Seconds from the start of the load, of requests that should have left from then until the next one. */
  atS: z.number(),
  latency: latencySchema.nullable(),
});
export type Moment = z.infer<typeof momentSchema>;

export const loadFiguresSchema = z.object({
  /** From the start until the last request should have left, or until it was stopped. */
  seconds: z.number(),
  total: endpointFiguresSchema,
  endpoints: z.array(endpointFiguresSchema),
  timeline: z.array(momentSchema),
  /** 95th percentile of the query phase of requests that had one. */
  queryP95Ms: z.number().nullable(),
  generator: z.object({
    /** How late requests left, for whatever reason: part of every latency here. */
    late: latencySchema.nullable(),
    inFlightMax: z.number(),
    /** Requests that had to wait because so many were in flight; none is dropped. */
    heldBack: z.number(),
    /** Under way when the load was stopped: counted nowhere else. */
    unfinished: z.number(),
  }),
});
export type LoadFigures = z.infer<typeof loadFiguresSchema>;

export const progressSchema = countsSchema.extend({ seconds: z.number(), inFlight: z.number() });
export type Progress = z.infer<typeof progressSchema>;

// The plan of a load and its results, by endpoint and over time. Times are in milliseconds.
import { z } from "zod";
import { latencySchema } from "./latencies.ts";
import { phaseTimesSchema } from "./phases.ts";

export const planSchema = z.object({
  /** Without a path. */
  origin: z.string(),
  /** Requested round-robin. `name` appears in the report. */
  endpoints: z.array(z.object({ name: z.string(), method: z.string(), path: z.string() })).min(1),
  headers: z.record(z.string(), z.string()),
  /** All endpoints together. */
  perSecond: z.number(),
  seconds: z.number(),
  /** A client gives up this long after its request was due. */
  timeoutMs: z.number(),
  /** Requests above this limit wait for a connection; the wait counts towards their latency. */
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
  /** Good responses and timeouts only: refusals are quick and would flatter. Null when there were none. */
  latency: latencySchema.nullable(),
  /** Means from Server-Timing, where present: of the requests in `latency`, their slowest 1 %, and those that timed out. */
  phases: z.object({ mean: meansSchema, slowest: meansSchema, timedOut: meansSchema }),
});
export type EndpointFigures = z.infer<typeof endpointFiguresSchema>;

export const momentSchema = countsSchema.extend({
  /** Seconds from the start of the load. Covers the requests due from here until the next moment. */
  atS: z.number(),
  latency: latencySchema.nullable(),
});
export type Moment = z.infer<typeof momentSchema>;

export const loadFiguresSchema = z.object({
  /** From the start until the last request was due, or until the load was stopped. */
  seconds: z.number(),
  total: endpointFiguresSchema,
  endpoints: z.array(endpointFiguresSchema),
  timeline: z.array(momentSchema),
  /** 95th percentile of the query phase, over requests that had one. */
  queryP95Ms: z.number().nullable(),
  generator: z.object({
    /** How late requests left, for any reason. Part of every latency here. */
    late: latencySchema.nullable(),
    inFlightMax: z.number(),
    /** Requests that waited because the limit of requests in flight was reached. None is dropped. */
    heldBack: z.number(),
    /** In flight when the load was stopped; not counted anywhere else. */
    unfinished: z.number(),
  }),
});
export type LoadFigures = z.infer<typeof loadFiguresSchema>;

export const progressSchema = countsSchema.extend({ seconds: z.number(), inFlight: z.number() });
export type Progress = z.infer<typeof progressSchema>;

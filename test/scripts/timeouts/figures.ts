// Made-up figures of loads, as input for the verdict.

import type { EndpointFigures, LoadFigures } from "../../../scripts/timeouts/load/load-figures.ts";
import { noTime, type PhaseTimes } from "../../../scripts/timeouts/load/phases.ts";
import type { Samples } from "../../../scripts/timeouts/service/sample-figures.ts";
import type { Measured } from "../../../scripts/timeouts/verdict/evidence.ts";
import { judge } from "../../../scripts/timeouts/verdict/targets.ts";

export const times = (some: Partial<PhaseTimes>): PhaseTimes => ({ ...noTime(), ...some });

export function endpoint(some: Partial<EndpointFigures> = {}): EndpointFigures {
  const sum = (by: Record<string, number> = {}) => Object.values(by).reduce((all, one) => all + one, 0);
  const by = { refusedBy: {}, timedOutBy: {}, errorsBy: {}, ...some };
  const [refused, timedOut, errors] = [sum(by.refusedBy), sum(by.timedOutBy), sum(by.errorsBy)];
  const sent = some.sent ?? 1000;
  return {
    name: "GET /",
    sent,
    good: sent - refused - timedOut - errors,
    refused,
    timedOut,
    errors,
    latency: { p50Ms: 5, p95Ms: 10, p99Ms: 20, maxMs: 30 },
    phases: { mean: null, slowest: null, timedOut: null },
    ...by,
  };
}

export function load(some: Partial<EndpointFigures> = {}, more: Partial<LoadFigures> = {}): LoadFigures {
  return {
    seconds: 10,
    total: endpoint(some),
    endpoints: [endpoint(some)],
    timeline: [],
    queryP95Ms: null,
    generator: { late: null, inFlightMax: 10, heldBack: 0, unfinished: 0 },
    ...more,
  };
}

type Health = NonNullable<Samples["health"]>;

export function health(some: Partial<Health> = {}, database: Partial<NonNullable<Health["database"]>> = {}): Health {
  return {
    samples: 40,
    unanswered: 0,
    answerP95Ms: 5,
    memoryPercentMax: 20,
    cpuPercentMax: 50,
    database: { down: 0, breakerOpen: 0, poolFull: 0, waitingMax: 0, poolLimit: 15, ...database },
    outboundOpenMax: 0,
    ...some,
  };
}

export const calm = (some: Partial<PhaseTimes> = { query: 4, own: 1 }): LoadFigures =>
  load({ phases: { mean: times(some), slowest: times(some), timedOut: null } });

/** Adds the targets that follow from the figures. */
export function measured(
  of: LoadFigures,
  samples: Partial<Samples> = {},
  before: LoadFigures | null = calm(),
): Measured {
  const all: Samples = { health: health(), metrics: null, ...samples };
  return { load: of, calm: before, samples: all, targets: judge(of, all) };
}

// A request's phases as its Server-Timing header reports them, plus the time that the header does not cover.
import { z } from "zod";
import { phases as reported } from "../../../src/platform/request/phases.ts";

/** In display order. `outside` is time that the service did not see: socket queues and the network. */
export const phases = ["receive", "queue", "auth", "pool", "query", "outbound", "loop", "own", "outside"] as const;
export type Phase = (typeof phases)[number];
export const phaseTimesSchema = z.record(z.enum(phases), z.number());
/** Milliseconds in each. */
export type PhaseTimes = z.infer<typeof phaseTimesSchema>;

const reportedNames: ReadonlySet<string> = new Set(reported);

/**
 * Reads the Server-Timing header of a request that took `totalMs`. Undefined when it names no phase: other services use the
 * header for other things.
 */
export function phasesOf(header: string | undefined, totalMs: number): PhaseTimes | undefined {
  const times = noTime();
  let sum = 0;
  let found = false;
  for (const [, name = "", ms] of (header ?? "").matchAll(/([\w-]+)\s*;\s*dur=(\d+(?:\.\d+)?)/g)) {
    const phase = phases.find((one) => one === name);
    if (phase === undefined || !reportedNames.has(name)) continue;
    found = true;
    times[phase] += Number(ms);
    sum += Number(ms);
  }
  times.outside = Math.max(0, totalMs - sum);
  return found ? times : undefined;
}

export function noTime(): PhaseTimes {
  return { receive: 0, queue: 0, auth: 0, pool: 0, query: 0, outbound: 0, loop: 0, own: 0, outside: 0 };
}

export function sumOf(times: PhaseTimes): number {
  return phases.reduce((sum, phase) => sum + times[phase], 0);
}

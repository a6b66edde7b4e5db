// Finds the capacity: doubles the rate until one does not hold, then narrows down between the last two. A rate holds when about
// the same share of requests succeeds as on the idle service, and p95 stays close to its idle value. Rate and time are bounded.
// Steps are short, so the capacity of a service without a queue limit comes out a little high; loading it at 0.7 allows for that.
import { z } from "zod";
import type { LoadFigures } from "./load-figures.ts";

export const stepSchema = z.object({
  perSecond: z.number(),
  goodPerSecond: z.number(),
  p95Ms: z.number().nullable(),
  /** Share of the step's requests, 0 to 1. */
  goodShare: z.number(),
  held: z.boolean(),
});
export type Step = z.infer<typeof stepSchema>;

export const capacitySchema = z.object({
  /** The highest rate that held, or the first rate tried when none did. */
  perSecond: z.number(),
  /** What ended the search. Only "service" is an exact result: otherwise the service can do more, or no rate held. */
  endedBy: z.enum(["service", "highest rate", "generator", "time", "nothing held"]),
  steps: z.array(stepSchema),
});
export type Capacity = z.infer<typeof capacitySchema>;

/** The load runs at this share of the capacity. */
export const judgedShare = 0.7;
const lowestRate = 25;
const highestRate = 6400;
/** Bisections between a rate that held and one that did not: they narrow a factor of 2 down to 9 %. */
const narrowings = 3;
const limitMs = 90_000;
/** A rate still holds when it is this much worse than the idle service. */
const lostShare = 0.02;
const slowerTimes = 2;
const slowerMs = 200;
/** A generator later than this at p99 measures itself. */
const lateMs = 100;

/** `run` loads the service at a rate for a few seconds; `calm` holds the figures of the nearly idle service. */
export async function findCapacity(
  run: (perSecond: number) => Promise<LoadFigures>,
  calm: LoadFigures,
  { stop, now = () => performance.now() }: { stop: AbortSignal; now?: () => number },
): Promise<Capacity> {
  const steps: Step[] = [];
  const endsAt = now() + limitMs;
  const perSecond = () => Math.max(0, ...steps.filter(({ held }) => held).map((step) => step.perSecond)) || lowestRate;
  const result = (endedBy: Capacity["endedBy"]): Capacity => ({ perSecond: perSecond(), endedBy, steps });

  let broken: number | undefined;
  let rate = lowestRate;
  let narrowed = 0;
  while (broken === undefined || narrowed < narrowings) {
    if (stop.aborted || now() > endsAt) return result("time");
    let load = await run(rate);
    // Retry once: something else may have had the CPU for a moment.
    if (isLate(load)) load = await run(rate);
    if (stop.aborted) return result("time");
    if (isLate(load)) return result("generator");
    let step = judged(rate, load, calm);
    // Retry here too: the search must not start from one bad moment.
    if (!step.held && broken === undefined) step = judged(rate, await run(rate), calm);
    steps.push(step);
    if (broken !== undefined) narrowed += 1;
    if (!step.held) broken = rate;
    if (broken === lowestRate) return result("nothing held");
    if (broken === undefined && rate >= highestRate) return result("highest rate");
    rate = broken === undefined ? rate * 2 : Math.round(Math.sqrt(perSecond() * broken));
  }
  return result("service");
}

/** A generator that held requests back is late because of the service, so that does not count. */
function isLate({ generator: { late, heldBack } }: LoadFigures): boolean {
  return heldBack === 0 && (late?.p99Ms ?? 0) > lateMs;
}

function judged(perSecond: number, { total, seconds }: LoadFigures, calm: LoadFigures): Step {
  const share = goodShare(total);
  const p95Ms = total.latency?.p95Ms ?? null;
  const allowedMs = Math.max(slowerMs, slowerTimes * (calm.total.latency?.p95Ms ?? 0));
  const held = share >= goodShare(calm.total) - lostShare && p95Ms !== null && p95Ms <= allowedMs;
  return { perSecond, goodPerSecond: total.good / seconds, p95Ms, goodShare: share, held };
}

function goodShare({ good, sent }: LoadFigures["total"]): number {
  return sent === 0 ? 0 : good / sent;
}

// How much the service can do: the rate is doubled until one does not hold, then narrowed down between the last two. A rate
// holds when as large a share of its requests gets a good answer as when the service was calm, and p95 stays near to what it
// was. Bounded in rate and time; each step is short, so a service without a queue limit is found a little too strong, which
// judging at 0.7 of it allows for.
import { z } from "zod";
import type { LoadFigures } from "./load-figures.ts";

export const stepSchema = z.object({
  perSecond: z.number(),
  goodPerSecond: z.number(),
  p95Ms: z.number().nullable(),
  /** Of all requests of the step: from 0 to 1. */
  goodShare: z.number(),
  held: z.boolean(),
});
export type Step = z.infer<typeof stepSchema>;

export const capacitySchema = z.object({
  /** The largest rate that held; the first one that was tried when none did. */
  perSecond: z.number(),
  /** What ended the search: "service" is the answer that was looked for, else the service can do more, or none held at all. */
  endedBy: z.enum(["service", "highest rate", "generator", "time", "nothing held"]),
  steps: z.array(stepSchema),
});
export type Capacity = z.infer<typeof capacitySchema>;

export const judgedShare = 0.7;
const lowestRate = 25;
const highestRate = 6400;
/** Halvings of the ratio between a rate that held and one that did not: of 2 it leaves 9 %. */
const narrowings = 3;
const limitMs = 90_000;
/** So much worse than calm, and a rate still holds. */
const lostShare = 0.02;
const slowerTimes = 2;
const slowerMs = 200;
/** A generator that is so late at p99 measures itself. */
const lateMs = 100;

/** `run` loads the service at a rate for a few seconds; `calm` is what it gave when it had next to nothing to do. */
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
    // Once more: something else may have had the processor for a moment.
    if (isLate(load)) load = await run(rate);
    if (stop.aborted) return result("time");
    if (isLate(load)) return result("generator");
    let step = judged(rate, load, calm);
    // Likewise: one bad moment must not be what all else starts from.
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

/** When held back, it is late because of the service. */
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

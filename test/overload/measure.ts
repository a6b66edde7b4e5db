// What happens to goodput and latency when more arrives than can be done, and how long it takes to be well again after.
import { fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { goodput, percentile, recoveryMs, warmUpMs } from "./figures.ts";
import { type Outcome, outcomeSchema, type Plan } from "./load.ts";
import { type Answered, startUnderLoad } from "./service-process.ts";

type UnderLoad = Awaited<ReturnType<typeof startUnderLoad>>;

/**
 * Goodput in good answers a second within the client's patience, counted while the load lasts. p50 and p99 are those of good
 * answers, in milliseconds, measured in the server, since a busy machine delays the client too.
 */
export interface Run {
  factor: number;
  protection: "on" | "off";
  goodput: number;
  p50: number;
  p99: number;
  /** 99th percentile of the time in the server of requests that were refused without waiting; 0 when none were. */
  shedP99: number;
  /** The same for those that waited for their turn first. */
  waitedP99: number;
  /** From the end of the load until requests at half the capacity are answered well again: see {@link recoveryMs}. */
  recoverMs: number;
  /** Of the time of the run, how much the service would have run and no core was free: what its neighbours cost it. */
  starvedPercent: number;
}

export const patienceMs = 1000;
/** So many connections as the admission limit has places; without protection nothing but the pool bounds anything. */
const environments = {
  on: {},
  off: { PROTECTION: "off", DB_POOL_LIMIT: "10", DB_POOL_WAIT_MS: "60000", DEADLINE_MS: "600000" },
} as const;

export function start(protection: Run["protection"]): Promise<UnderLoad> {
  return startUnderLoad(environments[protection]);
}

/** Good answers a second when ten clients ask one after the other: what the service can do, once it is warm. */
export async function capacity(service: UnderLoad, seconds: number): Promise<number> {
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + seconds * 1000;
  let good = 0;
  const client = async () => {
    for (;;) {
      const response = await fetch(`${service.url}/work/normal`);
      await response.arrayBuffer();
      const endedMs = performance.now();
      if (endedMs >= untilMs) return;
      if (response.ok && endedMs >= fromMs) good += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  return good / seconds;
}

/** Sends what the phases say, from a process of its own, with clients that give up after a second. */
export function load(service: { url: string }, ...phases: Plan["phases"]): Promise<Outcome[]> {
  return loadFor(service, patienceMs, phases);
}

/** The same with the given patience, in milliseconds. */
export async function loadFor(
  service: { url: string },
  patienceMs: number,
  phases: Plan["phases"],
): Promise<Outcome[]> {
  const child = fork(`${import.meta.dirname}/load.ts`);
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`the load ended early: exit code ${code}`);
  });
  child.send({ url: service.url, phases, patienceMs } satisfies Plan);
  const [outcomes] = await Promise.race([once(child, "message"), failed]);
  return z.array(outcomeSchema).parse(outcomes);
}

export async function overload(
  protection: Run["protection"],
  factor: number,
  base: number,
  seconds: number,
): Promise<Run> {
  const service = await start(protection);
  try {
    await capacity(service, 0);
    await service.answered();
    // Told apart by its query: it is the same route.
    const afterwards = { rates: { "/work/normal?afterwards": base / 2 }, seconds: protection === "on" ? 4 : 6 };
    const starvedBefore = await service.starvedMs();
    const outcomes = await load(service, { rates: { "/work/normal": factor * base }, seconds }, afterwards);
    const starvedMs = (await service.starvedMs()) - starvedBefore;
    const answered = (await service.answered()).filter(({ url }) => url === "/work/normal");
    const times = (matches: (answer: Answered) => boolean) => answered.filter(matches).map(({ ms }) => ms);
    const good = times(({ status }) => status === 200);
    const refusedAtOnce = times(({ type }) => type === "queue_full");
    const refusedAfterWaiting = times(({ type }) => type === "queue_timeout");
    return {
      factor,
      protection,
      goodput: goodput(outcomes, seconds),
      p50: percentile(good, 50),
      p99: percentile(good, 99),
      shedP99: percentile(refusedAtOnce, 99),
      waitedP99: percentile(refusedAfterWaiting, 99),
      recoverMs: recoveryMs(outcomes, seconds * 1000),
      starvedPercent: starvedMs / (10 * (seconds + afterwards.seconds)),
    };
  } finally {
    await service.stop();
  }
}

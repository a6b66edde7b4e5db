// Measures goodput and latency under overload, and the time to recover afterwards.
import { fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { goodput, percentile, recoveryMs, warmUpMs } from "./figures.ts";
import { type Outcome, outcomeSchema, type Plan } from "./load.ts";
import { type Answered, startUnderLoad } from "./service-process.ts";

type UnderLoad = Awaited<ReturnType<typeof startUnderLoad>>;

/**
 * Goodput: good responses per second within the client's patience, during the load. p50 and p99: latency of good responses, in
 * milliseconds, measured in the server, since a busy machine delays the client too.
 */
export interface Run {
  factor: number;
  protection: "on" | "off";
  goodput: number;
  p50: number;
  p99: number;
  /** 99th percentile of the time in the server of requests refused without waiting, in milliseconds; 0 for none. */
  shedP99: number;
  /** The same for requests that waited for a slot first. */
  waitedP99: number;
  /** From the end of the load until requests at half the capacity succeed again: see {@link recoveryMs}. */
  recoverMs: number;
  /** Share of the run in which the service was ready to run but had no free core: the cost of other processes. */
  starvedPercent: number;
}

export const patienceMs = 1000;
/** As many connections as the admission limit has slots. Without protection, the pool is the only limit. */
const environments = {
  on: {},
  off: { PROTECTION: "off", DB_POOL_LIMIT: "10", DB_POOL_WAIT_MS: "60000", DEADLINE_MS: "600000" },
} as const;

export function start(protection: Run["protection"]): Promise<UnderLoad> {
  return startUnderLoad(environments[protection]);
}

/** The capacity of the warm service: good responses per second to ten clients that each send one request after another. */
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

/** Sends the load of the phases from a separate process, with clients that give up after a second. */
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
    throw new Error(`the load process exited early with code ${code}`);
  });
  child.send({ url: service.url, phases, patienceMs } satisfies Plan);
  const [outcomes] = await Promise.race([once(child, "message"), failed]);
  return z.array(outcomeSchema).parse(outcomes);
}

/** Runs the service at `factor` times its capacity `base` for `seconds`, then at half the capacity. */
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
    // The same route, with a query to tell its requests apart.
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

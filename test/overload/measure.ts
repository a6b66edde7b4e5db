// What happens to goodput and latency when more arrives than can be done, and how long it takes to be well again after.
import { fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { type Outcome, outcomeSchema, type Plan } from "./load.ts";
import { type Answered, startUnderLoad } from "./service-process.ts";

type UnderLoad = Awaited<ReturnType<typeof startUnderLoad>>;

/**
 * Goodput in good answers a second within the client's patience. Times in milliseconds, measured in the server, since a busy
 * machine delays the client too; p50 and p99 are those of good answers.
 */
export interface Run {
  factor: number;
  protection: "on" | "off";
  goodput: number;
  p50: number;
  p99: number;
  /** 99th percentile of the time in the server of requests that were refused without waiting. */
  shedP99: number;
  /** The same for those that waited for their turn first. */
  waitedP99: number;
  recoverMs: number;
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

/** Good answers a second when ten clients ask one after the other: what the service can do. */
export async function capacity(service: UnderLoad, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1000;
  let good = 0;
  const client = async () => {
    while (performance.now() < until) {
      const response = await fetch(`${service.url}/work/normal`);
      await response.arrayBuffer();
      if (response.ok) good += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, client));
  return good / seconds;
}

/** Sends what `rates` says (requests a second for each path) for so long, from a process of its own. */
export async function load(service: UnderLoad, rates: Plan["rates"], seconds: number): Promise<Outcome[]> {
  const child = fork(`${import.meta.dirname}/load.ts`);
  child.send({ url: service.url, rates, seconds, patienceMs } satisfies Plan);
  const [outcomes] = await once(child, "message");
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
    await capacity(service, 0.5);
    await service.answered();
    const outcomes = await load(service, { "/work/normal": factor * base }, seconds);
    const answered = await service.answered();
    const recoverMs = await recovery(service);
    const times = answered.filter((answer) => answer.status === 200).map((answer) => answer.ms);
    const refusedAs = (matches: (answer: Answered) => boolean) =>
      percentile(
        answered.filter((answer) => answer.status === 503 && matches(answer)).map((answer) => answer.ms),
        99,
      );
    return {
      factor,
      protection,
      goodput: outcomes.filter((outcome) => outcome.status === 200).length / seconds,
      p50: percentile(times, 50),
      p99: percentile(times, 99),
      shedP99: refusedAs(({ type }) => type === "queue_full"),
      waitedP99: refusedAs(({ type }) => type === "queue_timeout"),
      recoverMs,
    };
  } finally {
    await service.stop();
  }
}

/** Milliseconds until ten requests in a row are good and take less than 200 ms; at most a minute. */
async function recovery(service: UnderLoad): Promise<number> {
  const endedAt = performance.now();
  let inRow = 0;
  let firstOfRow = endedAt;
  while (inRow < 10 && performance.now() - endedAt < 60_000) {
    const askedAt = performance.now();
    const ok = await fetch(`${service.url}/work/normal`, { signal: AbortSignal.timeout(patienceMs) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok && performance.now() - askedAt < 200;
      },
      () => false,
    );
    if (ok && inRow === 0) firstOfRow = askedAt;
    inRow = ok ? inRow + 1 : 0;
  }
  return firstOfRow - endedAt;
}

/** The smallest value that so many percent of all are not above; 0 of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}

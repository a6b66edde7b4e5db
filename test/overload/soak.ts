// The service at a little more than its capacity for a long time: what it holds must not grow. `npm run test:overload --
// --soak [MINUTES]` prints how it went, with exit code 1 when something has grown.
import { setInterval as ticks } from "node:timers/promises";
import { eventually } from "../support/helper.ts";
import { slopeOf } from "./figures.ts";
import { capacity, load, start } from "./measure.ts";
import type { Resources } from "./service-process.ts";

const factor = 1.2;
const warmUpSeconds = 15;
const sampleMs = 2000;
/**
 * The heap may grow by so much, in kB a minute, beyond twice the standard error. About 7,000 requests come in that time: the
 * smallest text that is kept of each is 200 kB, while a service that keeps nothing was measured at 30 ± 35.
 */
const mostGrowth = 100;

export interface Soak {
  seconds: number;
  capacity: number;
  /** The heap under load, as in {@link Resources}, in kB: how it changed in a minute, and the standard error of that. */
  slope: number;
  error: number;
  first: number;
  last: number;
  samples: number;
  /** Without load, ahead of it and after it. */
  before: Resources;
  after: Resources;
}

export async function soak(seconds: number): Promise<Soak> {
  const service = await start("on");
  try {
    const base = await capacity(service, 3);
    const others = { "/work/high": 2, "/work/low": 2, "/nothing": 5, "/health": 1, "/metrics": 1 };
    const rates = { "/work/normal": factor * base, ...others };
    const quiet = () =>
      eventually("a quiet service", async () => {
        const resources = await service.resources();
        return resources.sockets === 0 && resources.waiting === 0 && resources;
      });
    await load(service, { rates, seconds: warmUpSeconds });
    const before = await quiet();
    const loading = new AbortController();
    const loaded = load(service, { rates, seconds }).finally(() => loading.abort());
    const samples: [minutes: number, kB: number][] = [];
    const beganAt = performance.now();
    for await (const _ of ticks(sampleMs)) {
      if (loading.signal.aborted) break;
      const { heapBytes } = await service.resources();
      samples.push([(performance.now() - beganAt) / 60_000, heapBytes / 1000]);
    }
    await loaded;
    const after = await quiet();
    const heap = samples.map(([, kB]) => kB);
    const [first = 0] = heap;
    return {
      seconds,
      capacity: base,
      ...slopeOf(samples),
      first,
      last: heap.at(-1) ?? 0,
      samples: heap.length,
      before,
      after,
    };
  } finally {
    await service.stop();
  }
}

/** What has grown, a line each. */
export function growthOf({ slope, error, before, after }: Soak): string[] {
  const grown: string[] = [];
  if (slope - 2 * error > mostGrowth) {
    grown.push(`the heap grows by ${slope.toFixed(0)} ± ${error.toFixed(0)} kB a minute, not ${mostGrowth} at most`);
  }
  for (const what of ["sockets", "connections", "listeners", "timers", "active"] as const) {
    if (after[what] > before[what]) grown.push(`${what} went from ${before[what]} to ${after[what]}`);
  }
  return grown;
}

/** For people to read. */
export function description(soak: Soak): string {
  const counts = ({ sockets, connections, listeners, timers, active }: Resources) =>
    `${sockets} sockets, ${connections} database connections, ${listeners} listeners, ${timers} timers, ${active} active`;
  return [
    `${soak.seconds} s at ${factor} × a capacity of ${soak.capacity.toFixed(1)} a second`,
    `heap after collection: ${soak.first.toFixed(0)} kB first, ${soak.last.toFixed(0)} kB last, ` +
      `${soak.slope.toFixed(1)} ± ${soak.error.toFixed(1)} kB a minute (${soak.samples} samples)`,
    `before: ${counts(soak.before)}`,
    `after:  ${counts(soak.after)}`,
  ].join("\n");
}

if (import.meta.main) {
  const minutes = Number(process.argv[process.argv.indexOf("--soak") + 1] ?? 5);
  if (!(minutes > 0)) throw new RangeError("--soak takes minutes");
  const result = await soak(minutes * 60);
  console.log(description(result));
  const grown = growthOf(result);
  for (const line of grown) console.error(line);
  process.exitCode = grown.length > 0 ? 1 : 0;
}

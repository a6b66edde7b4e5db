// Runs the service slightly over its capacity for a long time and checks for leaks. `npm run test:overload -- --soak [MINUTES]`
// prints the results, with exit code 1 when something has grown.
import { setInterval as ticks } from "node:timers/promises";
import { eventually } from "../support/helper.ts";
import { slopeOf } from "./figures.ts";
import { capacity, load, start } from "./measure.ts";
import type { Resources } from "./service-process.ts";

const factor = 1.2;
const warmUpSeconds = 15;
const sampleMs = 2000;
/**
 * Allowed heap growth in kB a minute, beyond twice the standard error. With about 7,000 requests a minute, keeping even the
 * smallest string of each would take 200 kB; a service without a leak measured 30 ± 35.
 */
const maxGrowth = 100;

export interface Soak {
  seconds: number;
  capacity: number;
  /** Growth of the heap under load (see {@link Resources}) in kB a minute, and its standard error. */
  slope: number;
  error: number;
  first: number;
  last: number;
  samples: number;
  /** Resources without load, before and after. */
  before: Resources;
  after: Resources;
}

/** Runs the load for `seconds` and measures what grows. */
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
    const startedAt = performance.now();
    for await (const _ of ticks(sampleMs)) {
      if (loading.signal.aborted) break;
      const { heapBytes } = await service.resources();
      samples.push([(performance.now() - startedAt) / 60_000, heapBytes / 1000]);
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

/** One line for each resource that has grown. */
export function growthOf({ slope, error, before, after }: Soak): string[] {
  const grown: string[] = [];
  if (slope - 2 * error > maxGrowth) {
    grown.push(`the heap grows by ${slope.toFixed(0)} ± ${error.toFixed(0)} kB a minute, more than ${maxGrowth}`);
  }
  for (const kind of ["sockets", "connections", "listeners", "timers", "active"] as const) {
    if (after[kind] > before[kind]) grown.push(`${kind} went from ${before[kind]} to ${after[kind]}`);
  }
  return grown;
}

/** A summary for people to read. */
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

// The peers under overload: an endpoint that takes 100 ms in the database, a pool of ten, and clients that give up after a second.
// Times are the clients', from when a request was due.
import { goodput, percentile } from "../overload/figures.ts";
import { load } from "../overload/measure.ts";
import type { Peer } from "./peers.ts";
import type { Surroundings } from "./processes.ts";
import { startServer } from "./server.ts";

const path = "/work";
/** One per connection of the pool: all are busy and no request waits. */
const clientCount = 10;

export interface OverloadOptions {
  factors: readonly number[];
  /** Per factor. */
  seconds: number;
  note?: (text: string) => void;
}

export interface OverloadRun {
  name: string;
  /** Load as a multiple of the capacity. */
  factor: number;
  /** Why figures are missing. */
  failure: string | null;
  figures: OverloadFigures | null;
}

export interface OverloadFigures {
  /** Good responses a second, before clients give up. */
  goodput: number;
  /** Latency of good responses in milliseconds; 0 without any. */
  p50: number;
  p99: number;
}

export interface Overload {
  /** The base's good responses a second, with as many clients as connections. */
  capacity: number;
  runs: OverloadRun[];
}

export async function measureOverload(
  peers: readonly Peer[],
  base: Peer,
  around: Surroundings,
  { factors, seconds, note }: OverloadOptions,
): Promise<Overload> {
  note?.(`capacity of ${base.name}`);
  const capacity = await capacityOf(base, around, Math.min(seconds, 5));
  const runs: OverloadRun[] = [];
  for (const factor of factors) {
    for (const peer of peers) {
      note?.(`${factor} × capacity: ${peer.name}`);
      const rate = factor * capacity;
      runs.push(
        await overloaded(peer, around, rate, seconds).then(
          (figures) => ({ name: peer.name, factor, failure: null, figures }),
          (error: unknown) => ({ name: peer.name, factor, failure: String(error), figures: null }),
        ),
      );
    }
  }
  return { capacity, runs };
}

async function capacityOf(peer: Peer, around: Surroundings, seconds: number): Promise<number> {
  const server = await startServer(peer, around);
  try {
    const answered = await Promise.race([
      around.clients.run({ url: server.url, path, clients: clientCount, seconds }),
      server.ended,
    ]);
    return answered.good / answered.seconds;
  } finally {
    await server.kill();
  }
}

/** Uses a fresh server, so that one load does not affect the next. */
async function overloaded(peer: Peer, around: Surroundings, rate: number, seconds: number): Promise<OverloadFigures> {
  const server = await startServer(peer, around);
  try {
    const outcomes = await Promise.race([load(server, { rates: { [path]: rate }, seconds }), server.ended]);
    const good = outcomes.filter(({ status }) => status === 200).map(({ ms }) => ms);
    return { goodput: goodput(outcomes, seconds), p50: percentile(good, 50), p99: percentile(good, 99) };
  } finally {
    await server.kill();
  }
}

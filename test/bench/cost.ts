// The cost of a request for each peer. A round starts all peers and then loads them in short turns, so that other activity on the
// machine affects all alike within seconds: the same code costs 50 % more when a neighbour is busy. The warm-up takes turns as well.
// With one long warm-up per peer, the first ones would wait for the others, and V8 discards compiled code of a process that is idle
// for one to two minutes, which doubles the cost of its next turns. Each round restarts the peers: a process keeps the luck of its
// start (what was compiled when, memory layout), and several starts put that into the range instead of the result.
import { setTimeout as sleep } from "node:timers/promises";
import type { ClosedLoop } from "./clients.ts";
import { ratiosOf, rotated, type Spread, spreadOf } from "./figures.ts";
import type { Peer } from "./peers.ts";
import type { Clients, Sink, Surroundings } from "./processes.ts";
import { flushMs, type Server, startServer } from "./server.ts";

/** Fewer than the pool's connections and the template's slots, so no request waits inside. */
const clientCount = 8;
const megabyte = 1024 * 1024;

export const endpoints = { one: "/items/{n}", list: "/items" } as const;
export type Endpoint = keyof typeof endpoints;

export interface CostOptions {
  rounds: number;
  /** Not counted. The more code a peer has, the longer its cost keeps falling: for about 20 s of load in the template. */
  warmUp: Turns;
  turns: Turns;
  /** Called before each round. */
  note?: (text: string) => void;
}

export interface Turns {
  /** Per round. */
  count: number;
  /** Per endpoint and turn. */
  seconds: number;
}

/** One peer in one round. */
interface Round {
  startMs: number;
  idleMb: number;
  loadedMb: number;
  spansPerRequest: number;
  cpuUs: Record<Endpoint, number>;
  perSecond: Record<Endpoint, number>;
}

export interface EndpointCost {
  /** The server's CPU time per request in microseconds, user and system. */
  cpuUs: Spread;
  perSecond: Spread;
  /** CPU time relative to the base in the same round; null when the base failed. */
  ratio: Spread | null;
}

export interface PeerCost {
  name: string;
  title: string;
  /** Failures with their round. A peer with failures has no figures, because its other rounds would be a biased selection. */
  failures: string[];
  figures: PeerFigures | null;
}

export interface PeerFigures {
  /** From the start of the process to its first good response. */
  startMs: Spread;
  /** Resident memory, half a second after the first response, and at the end of the load. */
  idleMb: Spread;
  loadedMb: Spread;
  /** 0 without telemetry. Every request must have a server span: a round with a missing one is a failure. */
  spansPerRequest: Spread;
  one: EndpointCost;
  list: EndpointCost;
}

export async function measureCost(
  peers: readonly Peer[],
  base: Peer,
  around: Surroundings,
  options: CostOptions,
): Promise<PeerCost[]> {
  const measured = new Map<Peer, { rounds: Round[]; failures: string[] }>(
    peers.map((peer) => [peer, { rounds: [], failures: [] }]),
  );
  for (let round = 0; round < options.rounds; round += 1) {
    options.note?.(`round ${round + 1} of ${options.rounds}`);
    const results = await measureRound(rotated(peers, round), around, options, (peer, error) => {
      const reason = error instanceof Error ? error.message : String(error);
      measured.get(peer)?.failures.push(`round ${round + 1}: ${reason}`);
    });
    for (const [peer, result] of results) measured.get(peer)?.rounds.push(result);
  }
  const whole = (peer: Peer) => {
    const of = measured.get(peer);
    return of?.failures.length === 0 ? of.rounds : undefined;
  };
  return peers.map((peer) => {
    const rounds = whole(peer);
    const figures = rounds === undefined ? null : figuresOf(rounds, whole(base));
    return { name: peer.name, title: peer.title, failures: measured.get(peer)?.failures ?? [], figures };
  });
}

/** Measures all peers in one round; calls `failed` for those without a result. */
async function measureRound(
  peers: readonly Peer[],
  around: Surroundings,
  options: CostOptions,
  failed: (peer: Peer, error: unknown) => void,
): Promise<Map<Peer, Round>> {
  await around.sink.forget();
  const running = new Map<Peer, Running>();
  const results = new Map<Peer, Round>();
  /** Runs `work` for each peer in turn; a peer that fails is out. */
  const forEach = async (which: readonly Peer[], work: (peer: Peer) => Promise<void>) => {
    for (const peer of which) {
      await work(peer).catch(async (error: unknown) => {
        failed(peer, error);
        await running.get(peer)?.server.kill();
        running.delete(peer);
      });
    }
  };
  const take = async ({ count, seconds }: Turns, use: (running: Running, load: Load) => Promise<void>) => {
    for (let turn = 0; turn < count; turn += 1) {
      await forEach(rotated([...running.keys()], turn), async (peer) => {
        const one = running.get(peer);
        if (one === undefined) throw new RangeError(peer.name);
        for (const endpoint of ["one", "list"] as const) await use(one, { clients: around.clients, endpoint, seconds });
      });
    }
  };
  try {
    await forEach(peers, async (peer) => {
      const server = await startServer(peer, around);
      await sleep(500);
      const { memory } = await server.usage();
      running.set(peer, { server, requests: server.answered, idleMb: memory / megabyte, turns: { one: [], list: [] } });
    });
    await take(options.warmUp, async (one, load) => {
      await answered(one, load);
    });
    await take(options.turns, async (one, load) => {
      one.turns[load.endpoint].push(await used(one, load));
    });
    await forEach([...running.keys()], async (peer) => {
      const one = running.get(peer);
      if (one !== undefined) results.set(peer, await ended(peer, one, around.sink));
    });
    return results;
  } finally {
    await Promise.all([...running.values()].map(({ server }) => server.kill()));
  }
}

interface Running {
  server: Server;
  /** Responses so far. */
  requests: number;
  idleMb: number;
  turns: Record<Endpoint, Used[]>;
}

/** What a turn used. */
interface Used {
  requests: number;
  cpuUs: number;
  seconds: number;
}

interface Load {
  clients: Clients;
  endpoint: Endpoint;
  seconds: number;
}

async function used(running: Running, load: Load): Promise<Used> {
  const before = await running.server.usage();
  const { good, seconds } = await answered(running, load);
  // A request's cost includes the export of its spans.
  await sleep(flushMs + 200);
  const after = await running.server.usage();
  return { requests: good, cpuUs: after.cpuUs - before.cpuUs, seconds };
}

async function answered(running: Running, { clients, endpoint, seconds }: Load): Promise<ClosedLoop> {
  const { server } = running;
  const ask = { url: server.url, path: endpoints[endpoint], clients: clientCount, seconds };
  const result = await Promise.race([clients.run(ask), server.ended]);
  running.requests += result.good;
  const [reason] = Object.entries(result.bad)[0] ?? [];
  if (reason !== undefined) throw new Error(`${ask.path} did not always return 200: ${reason}`);
  return result;
}

async function ended(peer: Peer, { server, requests, idleMb, turns }: Running, sink: Sink): Promise<Round> {
  const { memory } = await server.usage();
  await server.stop(requests);
  const received = await sink.received(peer.name);
  if (received.requests !== (peer.traced ? requests : 0)) {
    throw new Error(`${peer.name} answered ${requests} requests and traced ${received.requests}`);
  }
  const total = (endpoint: Endpoint, what: keyof Used) => turns[endpoint].reduce((sum, turn) => sum + turn[what], 0);
  const per = (what: keyof Used, unit: keyof Used) => ({
    one: total("one", what) / total("one", unit),
    list: total("list", what) / total("list", unit),
  });
  return {
    startMs: server.startMs,
    idleMb,
    loadedMb: memory / megabyte,
    spansPerRequest: received.spans / requests,
    cpuUs: per("cpuUs", "requests"),
    perSecond: per("requests", "seconds"),
  };
}

function figuresOf(rounds: readonly Round[], base: readonly Round[] | undefined): PeerFigures {
  const spread = (of: (round: Round) => number) => spreadOf(rounds.map(of));
  const cost = (endpoint: Endpoint): EndpointCost => {
    const cpuOf = (measured: readonly Round[]) => measured.map(({ cpuUs }) => cpuUs[endpoint]);
    return {
      cpuUs: spread(({ cpuUs }) => cpuUs[endpoint]),
      perSecond: spread(({ perSecond }) => perSecond[endpoint]),
      ratio: base === undefined ? null : spreadOf(ratiosOf(cpuOf(rounds), cpuOf(base))),
    };
  };
  return {
    startMs: spread(({ startMs }) => startMs),
    idleMb: spread(({ idleMb }) => idleMb),
    loadedMb: spread(({ loadedMb }) => loadedMb),
    spansPerRequest: spread(({ spansPerRequest }) => spansPerRequest),
    one: cost("one"),
    list: cost("list"),
  };
}

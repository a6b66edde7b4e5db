// What a request costs each peer. In a round all of them are started, and then take short turns under load, so that what else
// happens on the machine meets all alike: within seconds, and not within minutes, since the same code costs half as much again
// when a neighbour is busy. The warm-up is such turns too. After it in one piece the first ones would wait for all others, and
// V8 tidies up in a process that has been quiet for one to two minutes: much of what it had compiled is gone, and the next
// turns of that peer cost up to twice as much. Each round starts them anew: a process keeps the luck of its start (what was
// compiled when, where things lie in memory), and several starts put that into the range instead of into the result.
import { setTimeout as sleep } from "node:timers/promises";
import type { ClosedLoop } from "./clients.ts";
import { ratiosOf, rotated, type Spread, spreadOf } from "./figures.ts";
import type { Peer } from "./peers.ts";
import type { Clients, Sink, Surroundings } from "./processes.ts";
import { flushMs, type Server, startServer } from "./server.ts";

/** Fewer than the connections of the pool and the places of the template: nothing waits in here. */
const clientCount = 8;
const megabyte = 1024 * 1024;

export const endpoints = { one: "/items/{n}", list: "/items" } as const;
export type Endpoint = keyof typeof endpoints;

export interface CostOptions {
  rounds: number;
  /** Before the turns that count. The more code a peer has, the longer it gets cheaper: the template for some 20 s of load. */
  warmUp: Turns;
  turns: Turns;
  /** Told before each round. */
  note?: (text: string) => void;
}

export interface Turns {
  /** In each round. */
  count: number;
  /** Of each endpoint in each turn. */
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
  /** Microseconds of processor time a request, user and system, of the server. */
  cpuUs: Spread;
  perSecond: Spread;
  /** Of the processor time, to that of the base in the same round; null when the base failed. */
  ratio: Spread | null;
}

export interface PeerCost {
  name: string;
  title: string;
  /** What went wrong, with its round. A peer with any has no figures: those of its other rounds would be a choice. */
  failures: string[];
  figures: PeerFigures | null;
}

export interface PeerFigures {
  /** From the start of the process to its first good answer. */
  startMs: Spread;
  /** Resident, half a second after its first answer, and at the end of the load. */
  idleMb: Spread;
  loadedMb: Spread;
  /** 0 without telemetry. Every request has its server span: a round in which one is missing is a failure. */
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

/** All peers in one round; `failed` is told of those that have no result. */
async function measureRound(
  peers: readonly Peer[],
  around: Surroundings,
  options: CostOptions,
  failed: (peer: Peer, error: unknown) => void,
): Promise<Map<Peer, Round>> {
  await around.sink.forget();
  const running = new Map<Peer, Running>();
  const results = new Map<Peer, Round>();
  /** Does it for one after the other; one that fails is out. */
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
  /** Answered so far. */
  requests: number;
  idleMb: number;
  turns: Record<Endpoint, Used[]>;
}

/** What a turn took. */
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
  // What a request costs includes the sending of its spans.
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
  if (reason !== undefined) throw new Error(`${ask.path} was not always answered: ${reason}`);
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

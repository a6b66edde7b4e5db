// What a request costs each peer, in rounds: every peer once in each, a few minutes apart at most, so that what else happens on
// the machine meets all of them alike. Each round starts its servers anew: a process keeps the luck of its start (what was
// compiled when, where things lie in memory), and several starts put that into the range instead of into the result.
import { setTimeout as sleep } from "node:timers/promises";
import { ratiosOf, rotated, type Spread, spreadOf } from "./figures.ts";
import type { Peer } from "./peers.ts";
import type { Clients, Surroundings } from "./processes.ts";
import { type Server, startServer } from "./server.ts";

/** Fewer than the connections of the pool and the places of the template: nothing waits in here. */
const clientCount = 8;
const megabyte = 1024 * 1024;

export const endpoints = { one: "/items/{n}", list: "/items" } as const;
export type Endpoint = keyof typeof endpoints;

export interface CostOptions {
  rounds: number;
  warmUpSeconds: number;
  /** Of each endpoint. */
  seconds: number;
  /** Told before each measurement. */
  note?: (text: string) => void;
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
    for (const peer of rotated(peers, round)) {
      const of = measured.get(peer);
      options.note?.(`round ${round + 1} of ${options.rounds}: ${peer.name}`);
      await measureRound(peer, around, options).then(
        (result) => of?.rounds.push(result),
        (error: unknown) => of?.failures.push(`round ${round + 1}: ${error instanceof Error ? error.message : error}`),
      );
    }
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

async function measureRound(peer: Peer, around: Surroundings, options: CostOptions): Promise<Round> {
  const { sink, clients } = around;
  await sink.forget();
  const server = await startServer(peer, around);
  try {
    await sleep(500);
    const idle = await server.usage();
    let requests = server.answered;
    const run = async (endpoint: Endpoint, seconds: number) => {
      const measured = await loaded(server, clients, endpoint, seconds);
      requests += measured.requests;
      return measured;
    };
    await run("one", options.warmUpSeconds / 2);
    await run("list", options.warmUpSeconds / 2);
    const one = await run("one", options.seconds);
    const list = await run("list", options.seconds);
    const { memory } = await server.usage();
    await server.stop(requests);
    const received = await sink.received();
    if (received.requests !== (peer.traced ? requests : 0)) {
      throw new Error(`${peer.name} answered ${requests} requests and traced ${received.requests}`);
    }
    return {
      startMs: server.startMs,
      idleMb: idle.memory / megabyte,
      loadedMb: memory / megabyte,
      spansPerRequest: received.spans / requests,
      cpuUs: { one: one.cpuUs, list: list.cpuUs },
      perSecond: { one: one.perSecond, list: list.perSecond },
    };
  } finally {
    await server.kill();
  }
}

async function loaded(server: Server, clients: Clients, endpoint: Endpoint, seconds: number) {
  const before = await server.usage();
  const ask = { url: server.url, path: endpoints[endpoint], clients: clientCount, seconds };
  const answered = await Promise.race([clients.run(ask), server.ended]);
  const after = await server.usage();
  const [reason] = Object.entries(answered.bad)[0] ?? [];
  if (reason !== undefined) throw new Error(`${ask.path} was not always answered: ${reason}`);
  return {
    requests: answered.good,
    cpuUs: (after.cpuUs - before.cpuUs) / answered.good,
    perSecond: answered.good / answered.seconds,
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

// `npm run bench`: the cost of a request in the template and its peers, and how each behaves under overload.
// `-- --json` prints the figures as JSON, `-- --quick` takes two minutes instead of twenty, `-- --only koa,template` skips the others,
// `-- --rounds 3` and `-- --no-overload` shorten it. Exit code 1 when a peer failed, 2 for unknown arguments.
import { parseArgs } from "node:util";
import { measureCost, type PeerCost } from "./cost.ts";
import { measureOverload, type Overload } from "./overloaded.ts";
import { allPeers, baseName, type Peer } from "./peers.ts";
import { withSurroundings } from "./processes.ts";
import { startOnce } from "./server.ts";
import { tablesOf } from "./table.ts";

export interface Report {
  date: string;
  node: string;
  quick: boolean;
  rounds: number;
  /** The peer that ratios compare with. */
  base: string;
  cost: PeerCost[];
  overload: Overload | null;
}

export interface BenchOptions {
  peers: Peer[];
  quick: boolean;
  rounds?: number | undefined;
  overload: boolean;
  note?: (text: string) => void;
}

/** Measures with a new database on the server in MYSQL_URL. */
export async function measureAll({ peers, quick, rounds, overload, note }: BenchOptions): Promise<Report> {
  const base = peers.find(({ name }) => name === baseName) ?? peers[0];
  if (base === undefined) throw new RangeError("no peers");
  const plan = quick
    ? {
        cost: { rounds: rounds ?? 2, warmUp: { count: 1, seconds: 0.5 }, turns: { count: 1, seconds: 1 } },
        overload: { factors: [5], seconds: 3 },
      }
    : {
        cost: { rounds: rounds ?? 3, warmUp: { count: 4, seconds: 3 }, turns: { count: 7, seconds: 1.5 } },
        overload: { factors: [1, 2, 5, 10], seconds: 8 },
      };
  const told = note === undefined ? {} : { note };
  return withSurroundings(async (around) => {
    // A peer that cannot start fails again in the first round, which reports it.
    for (const peer of peers) await startOnce(peer, around).catch(() => {});
    return {
      date: new Date().toISOString().slice(0, 10),
      node: process.versions.node,
      quick,
      rounds: plan.cost.rounds,
      base: base.name,
      cost: await measureCost(peers, base, around, { ...plan.cost, ...told }),
      overload: overload ? await measureOverload(peers, base, around, { ...plan.overload, ...told }) : null,
    };
  });
}

/** Parses the arguments; returns an error message when they are invalid. */
export function optionsOf(args: readonly string[]): (BenchOptions & { json: boolean }) | string {
  const all = allPeers();
  const options = {
    json: { type: "boolean" },
    quick: { type: "boolean" },
    overload: { type: "boolean" },
    rounds: { type: "string" },
    only: { type: "string" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, allowNegative: true });
    const { json = false, quick = false, overload = true, rounds, only } = values;
    if (rounds !== undefined && !/^[1-9]\d?$/.test(rounds))
      return `--rounds takes a number from 1 to 99, not ${rounds}`;
    const names = only?.split(",") ?? all.map(({ name }) => name);
    const unknown = names.find((name) => !all.some((peer) => peer.name === name));
    if (unknown !== undefined) return `--only takes ${all.map(({ name }) => name).join(",")}, not ${unknown}`;
    const peers = names.flatMap((name) => all.filter((peer) => peer.name === name));
    return { peers, quick, rounds: rounds === undefined ? undefined : Number(rounds), overload, json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function threeDecimals(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}

if (import.meta.main) {
  const options = optionsOf(process.argv.slice(2));
  if (typeof options === "string") {
    console.error(options);
    process.exit(2);
  }
  const report = await measureAll({ ...options, note: (text) => console.error(text) });
  console.log(options.json ? JSON.stringify(report, threeDecimals, 2) : tablesOf(report));
  const failed = report.cost.some(({ failures }) => failures.length > 0);
  const failedUnderLoad = report.overload?.runs.some(({ failure }) => failure !== null);
  process.exitCode = failed || failedUnderLoad ? 1 : 0;
}

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { root } from "../support/helper.ts";
import type { Report } from "./bench.ts";
import { measureCost } from "./cost.ts";
import { allPeers, type Peer } from "./peers.ts";
import { withSurroundings } from "./processes.ts";
import { tablesOf } from "./table.ts";

const spread = z
  .strictObject({ median: z.number(), min: z.number(), max: z.number() })
  .refine(({ median, min, max }) => min <= median && median <= max);
const endpoint = z.strictObject({ cpuUs: spread, perSecond: spread, ratio: spread });
const report = z.strictObject({
  date: z.iso.date(),
  node: z.string(),
  quick: z.literal(true),
  rounds: z.literal(1),
  base: z.literal("koa"),
  cost: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      failures: z.array(z.never()),
      figures: z.strictObject({
        startMs: spread,
        idleMb: spread,
        loadedMb: spread,
        spansPerRequest: spread,
        one: endpoint,
        list: endpoint,
      }),
    }),
  ),
  overload: z.strictObject({
    capacity: z.number().positive(),
    runs: z.array(
      z.strictObject({
        name: z.string(),
        factor: z.literal(5),
        failure: z.null(),
        figures: z.strictObject({ goodput: z.number(), p50: z.number(), p99: z.number() }),
      }),
    ),
  }),
}) satisfies z.ZodType<Report>;

describe("npm run bench", function () {
  this.timeout(240_000);

  it("prints every peer's figures as JSON", async () => {
    const args = [join("test", "bench", "bench.ts"), "--quick", "--rounds", "1", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const { cost, overload } = report.parse(JSON.parse(stdout));
    const names = allPeers().map(({ name }) => name);
    assert.deepEqual(
      cost.map(({ name }) => name),
      names,
    );
    assert.deepEqual(
      overload.runs.map(({ name }) => name),
      names,
    );
    for (const { name, figures } of cost) {
      const { traced } = allPeers().find((peer) => peer.name === name) ?? {};
      assert.equal(figures.spansPerRequest.median > 1.5, traced, name);
      for (const { cpuUs, perSecond } of [figures.one, figures.list]) assert(cpuUs.min > 0 && perSecond.min > 0, name);
      assert(figures.idleMb.min > 20 && figures.startMs.min > 20, name);
    }
    assert.equal(cost.find(({ name }) => name === "koa")?.figures.one.ratio.median, 1);
  });

  it("reports why a peer ended or did not trace, without figures from its other rounds", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bench-"));
    const bare = allPeers().find(({ name }) => name === "http");
    assert(bare);
    const mortal: Peer = {
      ...bare,
      name: "mortal",
      title: "Mortal",
      args: [`${import.meta.dirname}/mortal.ts`],
      env: { MARK: join(folder, "mark") },
    };
    const untraced: Peer = { ...bare, name: "untraced", title: "Untraced", traced: true };
    try {
      const options = { rounds: 2, warmUp: { count: 1, seconds: 0.1 }, turns: { count: 2, seconds: 0.2 } };
      const peers = [bare, mortal, untraced];
      const cost = await withSurroundings((around) => measureCost(peers, bare, around, options));
      const [good, dead, silent] = cost;
      assert.deepEqual(good?.failures, []);
      assert.equal(good?.figures?.one.ratio?.max, 1);
      assert.equal(dead?.figures, null);
      assert.deepEqual(dead?.failures, ["round 2: mortal ended (exit code 3) out of luck"]);
      assert.equal(silent?.figures, null);
      assert.equal(silent?.failures.length, 2);
      assert.match(silent?.failures[0] ?? "", /^round 1: untraced answered \d+ requests and traced 0$/);
      const printed = tablesOf({ date: "", node: "", quick: true, rounds: 2, base: "http", cost, overload: null });
      assert.match(printed, /\| Mortal +\| failed +\| –/);
      assert.match(printed, /FAILED: Mortal, round 2: mortal ended/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

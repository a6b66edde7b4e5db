// Each scenario provokes its cause for real; the analysis must find that one, and no other.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { scenarios } from "../../scripts/scenarios/catalog.ts";
import { outcomeSchema } from "../../scripts/scenarios/outcome.ts";
import { root } from "../helper.ts";

const run = promisify(execFile);

/** The command with its own database: it stops that. */
function scenario(...args: string[]) {
  const { MYSQL_URL: _shared, ...env } = process.env;
  return run(process.execPath, ["scripts/scenario.ts", ...args], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 });
}

describe("npm run scenario", function () {
  this.timeout(240_000);
  // A machine that has no core free shows what it does not have, whatever is provoked.
  this.retries(1);

  for (const { name, cause } of scenarios) {
    it(`finds ${cause} in ${name}`, async () => {
      const { stdout } = await scenario(name, "--duration", "8", "--json");
      const [outcome, ...more] = z.array(outcomeSchema).parse(JSON.parse(stdout));
      assert.deepEqual(more, []);
      assert.equal(outcome?.found, cause, JSON.stringify(outcome?.on.verdict));
      assert.equal(outcome.off, null);
    });
  }

  it("shows both with --compare, and what protections are good for when the database is gone", async () => {
    const { stdout } = await scenario("database-outage", "--duration", "8", "--json", "--compare");
    const [outcome] = z.array(outcomeSchema).parse(JSON.parse(stdout));
    assert.ok(outcome?.off);
    assert.ok((outcome.on.total.refusedBy.breaker_open ?? 0) > 0.9 * outcome.on.total.sent, "refused at once");
    assert.equal(outcome.off.total.refusedBy.breaker_open, undefined, "each finds out for itself");
    const shown = (await scenario("blocked-loop", "--duration", "2", "--compare")).stdout;
    for (const text of ["protections on", "PROTECTION=off", "look at: /d/runtime", "verdict: "]) {
      assert.ok(shown.includes(text), `${text} in ${shown}`);
    }
  });

  it("says what it takes when it is not given that", async () => {
    for (const args of [[], ["nothing"], ["memory", "overload"], ["all", "--duration", "0"], ["all", "--unknown"]]) {
      await assert.rejects(scenario(...args), { code: 2 });
    }
    assert.match((await scenario("--help")).stdout, /database-outage/);
  });
});

// Each scenario produces a real fault; the analysis must find its cause and no other.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { serviceCommand } from "../../scripts/bootstrap/service-command.js";
import { scenarios } from "../../scripts/scenarios/catalog.ts";
import { outcomeSchema } from "../../scripts/scenarios/outcome.ts";
import { createDatabase, root, spawnService } from "../support/helper.ts";

const run = promisify(execFile);

/** Runs the command with its own database, which it stops. */
function scenario(...args: string[]) {
  const { MYSQL_URL: _shared, ...env } = process.env;
  return run(process.execPath, ["scripts/scenario.ts", ...args], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 });
}

describe("npm run scenario", function () {
  this.timeout(240_000);
  // On a machine without a free core, the analysis finds that instead.
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

  it("runs with and without protections with --compare, and shows what they do in an outage", async () => {
    const { stdout } = await scenario("database-outage", "--duration", "8", "--json", "--compare");
    const [outcome] = z.array(outcomeSchema).parse(JSON.parse(stdout));
    assert.ok(outcome?.off);
    assert.ok((outcome.on.total.refusedBy.breaker_open ?? 0) > 0.9 * outcome.on.total.sent, "refused at once");
    assert.equal(outcome.off.total.refusedBy.breaker_open, undefined, "each request tries for itself");
    const shown = (await scenario("blocked-loop", "--duration", "2", "--compare")).stdout;
    for (const text of ["protections on", "PROTECTION=off", "look at: /d/runtime", "verdict: "]) {
      assert.ok(shown.includes(text), `${text} in ${shown}`);
    }
  });

  it("runs against a running service and leaves it as it was", async () => {
    const db = await createDatabase();
    const service = await spawnService({ MYSQL_URL: db.url, FAULTS: "on", JWT_SECRET: "" }, serviceCommand);
    try {
      const on = ["--url", service.url, "--duration", "8", "--json"];
      const { stdout } = await scenario("pool-exhaustion", ...on);
      const [outcome] = z.array(outcomeSchema).parse(JSON.parse(stdout));
      assert.equal(outcome?.found, "exhausted_pool", JSON.stringify(outcome?.on.verdict));
      assert.equal((await fetch(`${service.url}/api/faults/rows`)).status, 200);
      await assert.rejects(scenario("memory", ...on), { code: 2, stderr: /settings of its own/ });
      await assert.rejects(scenario("overload", ...on, "--compare"), { code: 2, stderr: /leave out --url/ });
    } finally {
      await service.stop();
      await db.drop();
    }
    for (const [url, message] of [
      [service.url, /does not answer/],
      ["http://192.0.2.1", /is not this machine/],
      ["nowhere", /takes http/],
    ] as const) {
      await assert.rejects(scenario("overload", "--url", url), { code: 2, stderr: message });
    }
  });

  it("rejects invalid arguments, and prints help", async () => {
    for (const args of [[], ["nothing"], ["memory", "overload"], ["all", "--duration", "0"], ["all", "--unknown"]]) {
      await assert.rejects(scenario(...args), { code: 2 });
    }
    assert.match((await scenario("--help")).stdout, /database-outage/);
  });
});

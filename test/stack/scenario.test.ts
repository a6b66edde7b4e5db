// A scenario on the running stack. Runs last, because its load is not counted.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { outcomeSchema } from "../../scripts/scenarios/outcome.ts";
import { root } from "../support/helper.ts";
import { addresses, compose, environment } from "./compose.ts";

describe("stack: npm run scenario", () => {
  it("stops the stack's database, finds the cause and resumes it", async function () {
    this.timeout(120_000);
    const args = ["scripts/scenario.ts", "database-outage", "--url", addresses.app, "--duration", "4", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env: environment,
      maxBuffer: 64 * 1024 * 1024,
    });
    const [outcome] = z.array(outcomeSchema).parse(JSON.parse(stdout));
    assert.equal(outcome?.found, "database_outage", JSON.stringify(outcome?.on.verdict));
    assert.match(await compose(["ps", "mysql", "--format", "{{.State}}"]), /running/);
    assert.equal((await fetch(`${addresses.app}/health/ready`)).status, 200);
  });
});

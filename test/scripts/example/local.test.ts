import assert from "node:assert/strict";
import { createDatabase, eventually } from "../../support/helper.ts";
import { local, ports, stopLocal } from "../run-local.ts";

describe("npm run local with the example's traffic", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  afterEach(stopLocal);
  after(() => db.drop());

  it("counts its slow requests instead of showing them, unless --logs is given", async function () {
    this.timeout(80_000);
    const slow = { MYSQL_URL: db.url, TRAFFIC: "on", TRAFFIC_RATE: "50", SLOW_REQUEST_MS: "1" };
    const quiet = local({ ...(await ports()), ...slow });
    await eventually("the welcome", () => quiet.output().includes("Ctrl-C"), 30_000);
    const all = local({ ...(await ports()), ...slow }, ["--logs"]);
    await eventually("a slow request", () => /slow request.*route=\/api\//.test(all.output()), 30_000);
    // The first one has run for longer, with the same traffic.
    assert.doesNotMatch(quiet.output(), /slow request.*route=\/api\//);
    for (const run of [quiet, all]) {
      run.child.kill("SIGTERM");
      assert.equal(await run.exited, 0, run.output());
    }
  });
});

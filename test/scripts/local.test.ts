// Runs the real script with its own database. Only the dependencies are already installed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { createDatabase, eventually } from "../support/helper.ts";
import { local, ports, stopLocal } from "./run-local.ts";

describe("npm run local", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  afterEach(stopLocal);
  after(() => db.drop());

  it("starts everything, prints the addresses, shows the first trace and log line, and stops in order with exit code 0", async () => {
    const env = await ports();
    const run = local({ ...env, MYSQL_URL: db.url });
    const pattern = /curl (?:-H "(.+): (.+)" )?'?(http[^\s']+)/;
    const line = await eventually("the line to try", () => pattern.exec(run.output()) ?? undefined, 30_000);
    const [, header = "x-none", value = "", url = ""] = line;
    const response = await fetch(url, { headers: { [header]: value } });
    assert.equal(response.status, 200, run.output());
    const viewer = `http://127.0.0.1:${env.VIEWER_PORT}`;
    const traces = async () => (await fetch(`${viewer}/v1/traces`)).text();
    await eventually(
      "the trace in the viewer",
      async () => (await traces()).includes(`GET ${new URL(url).pathname}`),
      15_000,
    );
    const headers = { "content-type": "application/json" };
    const lines = await fetch(`${viewer}/api/query/logs`, { method: "POST", headers, body: "{}" });
    assert.match(await lines.text(), /"body":"ready"/);
    run.child.kill("SIGTERM");
    assert.equal(await run.exited, 0, run.output());
    assert.match(run.output(), /stopped service\n\s+stopped viewer\n/);
    for (const port of Object.values(env)) await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  });

  it("stops everything and shows the last output when a part dies", async () => {
    const run = local({ ...(await ports()), MYSQL_URL: db.url, DB_POOL_LIMIT: "many" });
    assert.equal(await run.exited, 1);
    assert.match(run.output(), /The service ended \(exit code 1\)\. Its last output:\n {2}.*DB_POOL_LIMIT/);
    assert.match(run.output(), /stopped viewer\n/);
  });

  it("names a taken port before it starts anything", async () => {
    const env = await ports();
    const server = createServer().listen(Number(env.VIEWER_PORT), "127.0.0.1");
    await once(server, "listening");
    const run = local({ ...env, MYSQL_URL: db.url });
    assert.equal(await run.exited, 1);
    server.close();
    assert.equal(
      run.output().trim(),
      `Port ${env.VIEWER_PORT} is taken: set VIEWER_PORT to a free one for the traces page.`,
    );
  });
});

// Runs the real script with its own database. Only the dependencies are already installed.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createDatabase, eventually, freePort, root } from "../support/helper.ts";

/** A failed test may not get to stop what it started. */
const running = new Set<ChildProcess>();

function local(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, ["scripts/local.js", ...args], {
    cwd: root,
    // A busy machine must not cause refusals here.
    env: { ...process.env, TRAFFIC: "off", SEED_AUTOMATIONS: "20", LOOP_DELAY_SHED_MS: "60000", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = once(child, "close").then(() => child.exitCode);
  return { child, exited, output: () => output };
}

async function ports() {
  const [PORT, VIEWER_PORT, WEBHOOK_PORT] = await Promise.all([freePort(), freePort(), freePort()]);
  return { PORT: String(PORT), VIEWER_PORT: String(VIEWER_PORT), WEBHOOK_PORT: String(WEBHOOK_PORT) };
}

describe("npm run local", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  afterEach(async () => {
    for (const child of running) {
      child.kill("SIGTERM");
      await once(child, "close");
    }
  });
  after(() => db.drop());

  it("starts everything, prints the addresses, shows the first trace and log line, and stops in order with exit code 0", async () => {
    const env = await ports();
    const run = local({ ...env, MYSQL_URL: db.url });
    const command = await eventually("the line to try", () => /curl '(\S+)'/.exec(run.output())?.[1], 30_000);
    const response = await fetch(command);
    assert.equal(response.status, 200, run.output());
    const viewer = `http://127.0.0.1:${env.VIEWER_PORT}`;
    const traces = async () => (await fetch(`${viewer}/v1/traces`)).text();
    await eventually(
      "the trace in the viewer",
      async () => (await traces()).includes("GET /api/automations/marketplace"),
      15_000,
    );
    const headers = { "content-type": "application/json" };
    const lines = await fetch(`${viewer}/api/query/logs`, { method: "POST", headers, body: "{}" });
    assert.match(await lines.text(), /"body":"ready"/);
    run.child.kill("SIGTERM");
    assert.equal(await run.exited, 0, run.output());
    assert.match(run.output(), /stopped service\n\s+stopped viewer\n\s+stopped webhook\n/);
    for (const port of Object.values(env)) await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  });

  it("counts the slow requests of the example's traffic instead of showing them, unless --logs is given", async function () {
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

  it("stops everything and shows the last output when a part dies", async () => {
    const run = local({ ...(await ports()), MYSQL_URL: db.url, DB_POOL_LIMIT: "many" });
    assert.equal(await run.exited, 1);
    assert.match(run.output(), /The service ended \(exit code 1\)\. Its last output:\n {2}.*DB_POOL_LIMIT/);
    assert.match(run.output(), /stopped viewer\n[\s\S]*stopped webhook\n/);
  });

  it("names a taken port before it starts anything", async () => {
    const env = await ports();
    const server = createServer().listen(Number(env.WEBHOOK_PORT), "127.0.0.1");
    await once(server, "listening");
    const run = local({ ...env, MYSQL_URL: db.url });
    assert.equal(await run.exited, 1);
    server.close();
    assert.equal(
      run.output().trim(),
      `Port ${env.WEBHOOK_PORT} is taken: set WEBHOOK_PORT to a free one for the webhook receiver.`,
    );
  });
});

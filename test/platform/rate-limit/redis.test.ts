import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import Koa from "koa";
import { pino } from "pino";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import type { RequestState } from "../../../src/platform/http/types.ts";
import { limitByAddress, limitBySubject } from "../../../src/platform/rate-limit/rate-limit.ts";
import { type RateLimitStore, redisStore } from "../../../src/platform/rate-limit/store.ts";
import { addressOf, eventually, freePort, silent } from "../../support/helper.ts";

const program = ["valkey-server", "redis-server"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

describe("rate limit shared through Valkey or Redis", () => {
  let port: number;
  let child: ChildProcess | undefined;
  let lines: { level: number; msg: string }[];
  const stores: RateLimitStore[] = [];
  const servers: Server[] = [];

  before(async function () {
    if (program === undefined && process.env.CI === "true") throw new Error("no valkey-server or redis-server on PATH");
    if (program === undefined) {
      console.log("      skipped: no valkey-server or redis-server on PATH (apt-get install redis-server)");
      this.skip();
    }
    port = await freePort();
  });
  beforeEach(async () => {
    lines = [];
    await startStore();
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const server of servers.splice(0)) server.close().closeAllConnections();
    await killStore();
  });

  async function startStore(): Promise<void> {
    const options = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      tmpdir(),
    ];
    const started = spawn(program ?? "", options, { stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    let output = "";
    started.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    await eventually("a listening store", () => output.includes("eady to accept connections"));
  }

  async function killStore(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  /** Starts a replica that allows three requests per minute and address. On a busy machine, an answer can take 100 ms. */
  async function startReplica(options: Parameters<typeof redisStore>[2] = { commandTimeoutMs: 10_000 }) {
    const log = pino({ level: "info" }, { write: (line: string) => lines.push(JSON.parse(line)) });
    const store = redisStore(`redis://127.0.0.1:${port}`, log, options);
    stores.push(store);
    const limit = { max: 3, windowS: 60, store, trustedProxies: 1, exempt: () => false };
    const app = new Koa<RequestState>().use(problemDetails(silent)).use(limitByAddress(limit));
    app.use((ctx, next) => {
      ctx.state.subject = ctx.get("x-subject") || ctx.get("x-forwarded-for");
      return next();
    });
    app.use(limitBySubject({ ...limit, max: 50 })).use((ctx) => {
      ctx.body = "in";
    });
    const server = createServer(app.callback()).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const url = addressOf(server.address());
    return {
      store,
      async ask(client: string) {
        const startedAt = performance.now();
        const response = await fetch(url, { headers: { "x-forwarded-for": client } });
        await response.text();
        return { status: response.status, headers: response.headers, ms: performance.now() - startedAt };
      },
    };
  }

  async function startCountingReplica(options?: Parameters<typeof redisStore>[2]) {
    const replica = await startReplica(options);
    await eventually("a connected replica", () => replica.store.usable());
    return replica;
  }

  it("counts the requests of all replicas together", async () => {
    const one = await startCountingReplica();
    const two = await startCountingReplica();
    const statuses = [];
    for (const replica of [one, two, one, two, one]) statuses.push((await replica.ask("192.0.2.1")).status);
    assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
    const { headers } = await two.ask("192.0.2.1");
    assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.match(headers.get("retry-after") ?? "", /^(?:59|60)$/);
    assert.match(headers.get("ratelimit") ?? "", /^"address";r=0;t=(?:59|60)$/);
    assert.equal(
      (await two.ask("192.0.2.2")).headers.get("ratelimit-policy"),
      '"address";q=3;w=60, "subject";q=50;w=60',
    );
  });

  it("counts concurrent requests exactly", async () => {
    const replica = await startCountingReplica();
    const answers = await Promise.all(Array.from({ length: 40 }, () => replica.ask("192.0.2.1")));
    assert.equal(answers.filter(({ status }) => status === 200).length, 3);
  });

  it("serves clients without a limit when the store is killed, limits them once it is back, and logs both", async () => {
    const replica = await startCountingReplica();
    for (let at = 0; at < 4; at += 1) await replica.ask("192.0.2.1");
    assert.equal((await replica.ask("192.0.2.1")).status, 429);
    await killStore();
    for (let at = 0; at < 20; at += 1) {
      const { status, headers, ms } = await replica.ask("192.0.2.1");
      assert.deepEqual({ status, ratelimit: headers.get("ratelimit") }, { status: 200, ratelimit: null });
      assert.ok(ms < 10_000, `${ms} ms`);
    }
    await eventually("a logged outage", () => lines.length === 1);
    await startStore();
    await eventually("a limited request", async () => (await replica.ask("192.0.2.3")).status === 429);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        [40, "the rate-limit store does not answer: requests pass without a limit"],
        [30, "the rate-limit store answers again"],
      ],
    );
  });

  it("delays one request a second by 0.1 s while the store hangs, and limits again once it recovers", async () => {
    const replica = await startCountingReplica({});
    await replica.ask("192.0.2.1");
    // What a busy machine adds.
    const before: number[] = [];
    for (let at = 0; at < 500; at += 1) before.push((await replica.ask(`203.0.113.${at % 250}`)).ms);
    child?.kill("SIGSTOP");
    const first = await replica.ask("192.0.2.1");
    assert.equal(first.status, 200);
    assert.ok(first.ms >= 90 && first.ms < 10_000, `${first.ms} ms`);
    const times: number[] = [];
    const until = performance.now() + 4000;
    // Long enough for the silent connection to be replaced by one that hangs too.
    while (performance.now() < until) {
      const { status, ms } = await replica.ask(`192.0.2.${times.length % 250}`);
      assert.equal(status, 200);
      times.push(ms);
    }
    const slowShare = (all: readonly number[]) => all.filter((ms) => ms > 50).length / all.length;
    // If every request waited, all would be slow.
    assert.ok(
      slowShare(times) <= 0.02 + 2 * slowShare(before),
      `${slowShare(times)} waited, ${slowShare(before)} before`,
    );
    child?.kill("SIGCONT");
    await eventually("a limited request", async () => (await replica.ask("198.51.100.1")).status === 429);
    assert.deepEqual(
      lines.map(({ level }) => level),
      [40, 30],
    );
  });

  it("serves clients when the store is down at start, and limits them once it is up", async () => {
    await killStore();
    const replica = await startReplica();
    for (let at = 0; at < 6; at += 1) assert.equal((await replica.ask("192.0.2.1")).status, 200);
    await eventually("a logged outage", () => lines.length === 1);
    await startStore();
    await eventually("a limited request", async () => (await replica.ask("192.0.2.1")).status === 429);
  });

  it("logs nothing when the store is up from the start", async () => {
    const replica = await startReplica();
    await replica.ask("192.0.2.1");
    await eventually("a limited request", async () => (await replica.ask("192.0.2.1")).status === 429);
    assert.deepEqual(lines, []);
  });
});

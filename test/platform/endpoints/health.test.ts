import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import Koa from "koa";
import { z } from "zod";
import { Database } from "../../../src/platform/database/database.ts";
import { health } from "../../../src/platform/endpoints/health.ts";
import type { RequestState } from "../../../src/platform/http/types.ts";
import { addressOf, eventually, silent, startService } from "../../support/helper.ts";

const answer = z.strictObject({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  timestamp: z.number(),
  memory_percent: z.number().min(0).max(100),
  cpu_percent: z.number().min(0),
  uptime_seconds: z.number().positive(),
  version: z.string(),
  dependencies: z.strictObject({
    outbound: z.strictObject({ breakers: z.record(z.enum(["closed", "half-open", "open"]), z.number()) }),
    database: z.strictObject({
      status: z.enum(["up", "down"]),
      breaker: z.enum(["closed", "half-open", "open"]),
      connections: z.strictObject({ used: z.number(), idle: z.number(), waiting: z.number(), limit: z.number() }),
    }),
  }),
});

describe("health", () => {
  let server: Server;
  let url: string;
  let accepting: boolean;
  let memoryShort: boolean;
  let pings: number;
  let ping: () => Promise<void>;
  let used: number;

  beforeEach(async () => {
    accepting = true;
    memoryShort = false;
    pings = 0;
    ping = async () => {};
    used = 1;
    const app = new Koa<RequestState>().use(
      health({
        version: "1.2.3",
        accepting: () => accepting,
        database: {
          ping: () => {
            pings += 1;
            return ping();
          },
          breakerState: "closed",
          state: () => ({ used, idle: 2, waiting: 0, limit: 15 }),
        },
        outbound: { breakerStates: () => ({ closed: 3, "half-open": 0, open: 1 }) },
        memory: {
          percent: 12.34,
          get warning() {
            return memoryShort;
          },
        },
        cpu: { percent: 56.78 },
      }),
    );
    server = createServer(app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = addressOf(server.address());
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const status = async () => answer.parse(await (await fetch(`${url}/health`)).json()).status;
  const ready = async () => (await fetch(`${url}/health/ready`)).status;

  it("reports the state of the service", async () => {
    const response = await fetch(`${url}/health`);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const body = answer.parse(await response.json());
    assert.equal(body.status, "healthy");
    assert.ok(Math.abs(body.timestamp - Date.now() / 1000) < 60);
    assert.deepEqual([body.memory_percent, body.cpu_percent, body.version], [12.3, 56.8, "1.2.3"]);
  });

  it("is degraded while memory is short, and not ready while stopping", async () => {
    memoryShort = true;
    assert.equal(await status(), "degraded");
    assert.equal(await ready(), 200);
    accepting = false;
    assert.equal(await status(), "unhealthy");
    assert.equal(await ready(), 503);
    assert.equal((await fetch(`${url}/health/live`, { method: "HEAD" })).status, 200);
  });

  it("responds quickly while the database hangs, with one shared ping", async () => {
    ping = () => new Promise(() => {});
    const startedAt = performance.now();
    const statuses = await Promise.all(Array.from({ length: 100 }, ready));
    assert.ok(performance.now() - startedAt < 10_000);
    assert.deepEqual(new Set(statuses), new Set([503]));
    assert.equal(pings, 1);
    assert.equal(await status(), "degraded");
  });

  it("is unhealthy when memory is short and the database is down", async () => {
    ping = () => Promise.reject(new Error("down"));
    memoryShort = true;
    assert.equal(await status(), "unhealthy");
  });

  it("does not ping while all connections are in use", async () => {
    ping = () => Promise.reject(new Error("asked"));
    used = 15;
    assert.equal(await ready(), 200);
    assert.equal(pings, 0);
  });

  it("responds to HEAD as to GET, without a body", async () => {
    for (const path of ["/health", "/health/live", "/health/ready"]) {
      const response = await fetch(url + path, { method: "HEAD" });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.equal(await response.text(), "");
    }
  });
});

describe("health with a database that accepts connections but never responds", () => {
  it("responds to 100 concurrent requests without waiting for it, with one database connection", async () => {
    const sockets: Socket[] = [];
    const hanging = createTcpServer((socket) => sockets.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    await once(hanging, "listening");
    const { host } = new URL(addressOf(hanging.address()));
    const times = { waitMs: 20_000, queryTimeoutMs: 30_000, slowQueryMs: 500 };
    const database = new Database(
      { url: `mysql://root@${host}/any`, limit: 15, maxIdle: 5, recycleMs: 3_600_000, ...times },
      silent,
    );
    const state = {
      version: "1",
      accepting: () => true,
      outbound: { breakerStates: () => ({ closed: 0, "half-open": 0, open: 0 }) },
      memory: { percent: 1, warning: false },
      cpu: { percent: 1 },
    };
    const server = createServer(new Koa<RequestState>().use(health({ database, ...state })).callback());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = addressOf(server.address());
    // Opens the client's connections before the measurement.
    await Promise.all(Array.from({ length: 100 }, async () => (await fetch(`${url}/health/live`)).arrayBuffer()));
    const startedAt = performance.now();
    const bodies = await Promise.all(
      Array.from({ length: 100 }, async () => answer.parse(await (await fetch(`${url}/health`)).json())),
    );
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
    assert.ok(bodies.every((body) => body.status === "degraded" && body.dependencies.database.status === "down"));
    assert.equal(sockets.length, 1);
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
    hanging.close();
    await database.close();
  });
});

describe("health of the real service", () => {
  /** For queries that wait for a lock. */
  const patient = { DB_QUERY_TIMEOUT_MS: "20000", DEADLINE_MS: "30000" };
  it("shows whether the database is up, without waiting for a slot", async () => {
    const service = await startService({
      env: { ...patient, ADMISSION_LIMIT: "1", ADMISSION_WAITING: "0", DB_POOL_LIMIT: "2", DB_POOL_MAX_IDLE: "1" },
    });
    await service.db.connection.query("LOCK TABLES fixture_items WRITE");
    const running = fetch(`${service.url}/api/fixture/items`);
    await eventually("a request that holds the only slot", () => service.database.state().used === 1);
    assert.equal((await fetch(`${service.url}/api/fixture/items`)).status, 503, "there is no other slot");
    assert.equal(answer.parse(await (await fetch(`${service.url}/health`)).json()).status, "healthy");
    assert.equal((await fetch(`${service.url}/health/ready`)).status, 200);
    await service.db.connection.query("UNLOCK TABLES");
    assert.equal((await running).status, 200);
    await service.stop();

    const without = await startService();
    await without.database.close();
    assert.equal((await fetch(`${without.url}/health/ready`)).status, 503);
    assert.equal((await fetch(`${without.url}/health/live`)).status, 200);
    const body = answer.parse(await (await fetch(`${without.url}/health`)).json());
    assert.deepEqual([body.status, body.dependencies.database.status], ["degraded", "down"]);
    await without.stop();
  });

  it("stays up when a caller disconnects or sets a short timeout", async () => {
    const service = await startService();
    const answered = await Promise.allSettled([
      fetch(`${service.url}/health/ready`, { headers: { "x-request-timeout-ms": "1" } }),
      fetch(`${service.url}/health/ready`, { signal: AbortSignal.timeout(1) }),
      ...Array.from({ length: 10 }, () => fetch(`${service.url}/health/ready`)),
    ]);
    const statuses = answered.slice(2).map((result) => result.status === "fulfilled" && result.value.status);
    assert.deepEqual(new Set(statuses), new Set([200]));
    await service.stop();
  });

  it("is ready while requests hold every connection for longer than a check may take", async () => {
    const service = await startService({ env: { ...patient, DB_POOL_LIMIT: "1", DB_POOL_MAX_IDLE: "1" } });
    await service.db.connection.query("LOCK TABLES fixture_items WRITE");
    const running = fetch(`${service.url}/api/fixture/items`);
    await eventually("a connection in use", () => service.database.state().used === 1);
    assert.equal((await fetch(`${service.url}/health/ready`)).status, 200);
    await service.db.connection.query("UNLOCK TABLES");
    assert.equal((await running).status, 200);
    await service.stop();
  });
});

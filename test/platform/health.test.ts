import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import Koa from "koa";
import { z } from "zod";
import { health } from "../../src/platform/health.ts";
import type { RequestState } from "../../src/platform/http.ts";
import { addressOf, startService } from "../helper.ts";

const answer = z.strictObject({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  timestamp: z.number(),
  memory_percent: z.number().min(0).max(100),
  cpu_percent: z.number().min(0),
  uptime_seconds: z.number().positive(),
  version: z.string(),
  dependencies: z.strictObject({
    database: z.strictObject({
      status: z.enum(["up", "down"]),
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

  beforeEach(async () => {
    accepting = true;
    memoryShort = false;
    pings = 0;
    ping = async () => {};
    const app = new Koa<RequestState>().use(
      health({
        version: "1.2.3",
        accepting: () => accepting,
        database: {
          ping: () => {
            pings += 1;
            return ping();
          },
          state: () => ({ used: 1, idle: 2, waiting: 0, limit: 15 }),
        },
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

  it("says how the service is, for people to read", async () => {
    const response = await fetch(`${url}/health`);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const body = answer.parse(await response.json());
    assert.equal(body.status, "healthy");
    assert.ok(Math.abs(body.timestamp - Date.now() / 1000) < 60);
    assert.deepEqual([body.memory_percent, body.cpu_percent, body.version], [12.3, 56.8, "1.2.3"]);
  });

  it("is degraded while memory is short, and not ready while it stops", async () => {
    memoryShort = true;
    assert.equal(await status(), "degraded");
    assert.equal(await ready(), 200);
    accepting = false;
    assert.equal(await status(), "unhealthy");
    assert.equal(await ready(), 503);
    assert.equal((await fetch(`${url}/health/live`, { method: "HEAD" })).status, 200);
  });

  it("answers soon while the database hangs, with one ping for all that ask", async () => {
    ping = () => new Promise(() => {});
    const startedAt = performance.now();
    const statuses = await Promise.all(Array.from({ length: 100 }, ready));
    assert.ok(performance.now() - startedAt < 1500);
    assert.deepEqual(new Set(statuses), new Set([503]));
    assert.equal(pings, 1);
    assert.equal(await status(), "degraded");
  });
});

describe("health of the real service", () => {
  it("tells a service with a database from one without, and never waits for a turn", async () => {
    const service = await startService({
      env: { ADMISSION_LIMIT: "1", ADMISSION_WAITING: "0", DB_POOL_LIMIT: "2", DB_POOL_MAX_IDLE: "1" },
    });
    await service.db.connection.query("LOCK TABLES automations WRITE");
    const running = fetch(`${service.url}/api/automations/marketplace`);
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
});

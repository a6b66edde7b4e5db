// The faults of FAULTS=on: each does what it says, ends by itself, and shows up in the right place.
import assert from "node:assert/strict";
import { z } from "zod";
import { loadConfig } from "../../src/config/config.ts";
import { memoryPercent } from "../../src/platform/overload/memory-watch.ts";
import { eventually, startService, token } from "../support/helper.ts";
import { publicRoute } from "../support/public-route.ts";

type Service = Awaited<ReturnType<typeof startService>>;

describe("provoked faults", function () {
  this.timeout(30_000);
  let service: Service;
  before(async () => {
    service = await startService({
      items: 100,
      env: { FAULTS: "on", DB_POOL_LIMIT: "5", DB_POOL_WAIT_MS: "100" },
      routes: (database) => [publicRoute("/sleep", () => database.query("sleep", "SELECT SLEEP(1.1)"))],
    });
  });
  afterEach(() => service.call("DELETE", "/faults"));
  after(() => service.stop());

  const list = () => fetch(`${service.url}/api/fixture/items`);
  const active = async () => {
    const body = await (await service.call("GET", "/faults")).json();
    return Object.keys(z.object({ active: z.record(z.string(), z.unknown()) }).parse(body).active);
  };
  async function provoke(name: string, amount: number, seconds = 20): Promise<void> {
    assert.equal((await service.call("PUT", `/faults/${name}`, { amount, seconds })).status, 200);
  }
  function phaseMs(response: Response, phase: string): number {
    return Number(new RegExp(`${phase};dur=([\\d.]+)`).exec(response.headers.get("server-timing") ?? "")?.[1] ?? 0);
  }

  it("hold connections until the pool is exhausted, then release them", async () => {
    await provoke("pool", 5);
    await eventually("an exhausted pool", async () => {
      const response = await list();
      return response.status === 504 && phaseMs(response, "pool") >= 99;
    });
    await service.call("DELETE", "/faults");
    await eventually("a free pool", async () => (await list()).status === 200);
    await eventually("all connections back", () => service.database.state().used === 0);
  });

  it("lock the table, so that queries wait", async () => {
    await provoke("lock", 300);
    await eventually("a query that waits", async () => phaseMs(await list(), "query") > 100);
  });

  it("slow down token checks and nothing else", async () => {
    await provoke("auth", 200);
    const response = await service.call("GET", "/api/fixture/items/1");
    // A part of it may count as a stall of the loop.
    assert.ok(phaseMs(response, "auth") + phaseMs(response, "loop") >= 199);
    assert.ok(phaseMs(await list(), "auth") === 0);
  });

  it("block the event loop", async () => {
    await provoke("loop", 400);
    const response = await fetch(`${service.url}/sleep`);
    assert.ok(phaseMs(response, "loop") > 300, response.headers.get("server-timing") ?? "");
  });

  it("fill memory to the given level and no further", async () => {
    const before = memoryPercent();
    const target = Math.ceil(before) + 3;
    await provoke("memory", target);
    await eventually("full memory", () => memoryPercent() >= target);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(memoryPercent() < target + 2, `${memoryPercent()} %`);
  });

  it("end by themselves, and when another of the same name starts", async () => {
    await provoke("auth", 500, 60);
    await provoke("auth", 100, 0.5);
    assert.deepEqual(await active(), ["auth"]);
    await eventually("its end", async () => (await active()).length === 0, 2000);
  });

  it("are rejected when unknown or out of range", async () => {
    for (const [name, body] of [
      ["nothing", { amount: 1 }],
      ["__proto__", { amount: 1 }],
      ["pool", { amount: 0 }],
      ["loop", { amount: 1001 }],
      ["memory", { amount: 96 }],
      ["auth", { amount: 1, seconds: 601 }],
      ["lock", {}],
    ] as const) {
      assert.equal((await service.call("PUT", `/faults/${name}`, body)).status, 400, name);
    }
    assert.equal((await fetch(`${service.url}/faults`)).status, 401);
  });

  it("exist only with FAULTS=on, which production refuses", async () => {
    const other = await startService();
    const response = await fetch(`${other.url}/faults`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 404);
    await other.stop();
    const production = { MYSQL_URL: "mysql://a/b", JWT_SECRET: "a-secret-of-my-own-that-is-long-enough", FAULTS: "on" };
    assert.throws(() => loadConfig(production), /FAULTS: got "on", takes off when APP_ENV is production/);
  });
});

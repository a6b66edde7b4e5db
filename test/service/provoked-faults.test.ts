// The faults of FAULTS=on: each does what it says, ends by itself, and shows up in the right place.
import assert from "node:assert/strict";
import { z } from "zod";
import { loadConfig } from "../../src/config/config.ts";
import { prepareRows } from "../../src/faults/rows.ts";
import { memoryPercent } from "../../src/platform/overload/memory-watch.ts";
import { paths } from "../support/fixture/routes.ts";
import { eventually, startService, token } from "../support/helper.ts";
import { publicRoute } from "../support/public-route.ts";

type Service = Awaited<ReturnType<typeof startService>>;

describe("provoked faults", () => {
  let service: Service;
  before(async () => {
    service = await startService({
      env: { FAULTS: "on", DB_POOL_LIMIT: "5", DB_POOL_WAIT_MS: "100" },
      routes: (database) => [publicRoute("/sleep", () => database.query("sleep", "SELECT SLEEP(1.1)"))],
    });
  });
  afterEach(() => service.call("DELETE", "/faults"));
  after(() => service.stop());

  const list = () => fetch(`${service.url}/api/faults/rows`);
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
    const response = await service.call("GET", "/api/faults/rows/1");
    // A part of it may count as a stall of the loop.
    assert.ok(phaseMs(response, "auth") + phaseMs(response, "loop") >= 199);
    assert.ok(phaseMs(await list(), "auth") === 0);
  });

  it("block the event loop", async () => {
    await provoke("loop", 400);
    const response = await fetch(`${service.url}/sleep`);
    assert.ok(phaseMs(response, "loop") > 300, response.headers.get("server-timing") ?? "");
  });

  it("bring rows to list and to read, which need no domain", async () => {
    const found = z.object({ items: z.array(z.object({ id: z.number(), name: z.string() })) });
    const search = await (await fetch(`${service.url}/api/faults/rows?search=row%20777&limit=5`)).json();
    assert.deepEqual(
      found.parse(search).items.map(({ name }) => name),
      ["row 777", "row 7770", "row 7771", "row 7772", "row 7773"],
    );
    const last = z.object({ id: z.number() }).parse(await (await service.call("GET", "/api/faults/rows/10000")).json());
    assert.equal(last.id, 10_000);
    assert.equal((await service.call("GET", "/api/faults/rows/10001")).status, 404);
    assert.equal((await fetch(`${service.url}/api/faults/rows/1`)).status, 401);
    assert.equal((await fetch(`${service.url}/api/faults/rows?limit=0`)).status, 400);
  });

  it("bring calls that are answered, slowly, with an error or never", async () => {
    const call = (answer: string) => service.call("POST", `/api/faults/calls?answer=${answer}`);
    const [fast, slow, error, never] = await Promise.all(["fast", "slow", "error", "never"].map(call));
    assert.ok(fast && slow && error && never);
    assert.deepEqual([fast.status, slow.status, error.status, never.status], [200, 200, 503, 504]);
    assert.ok(phaseMs(slow, "outbound") > 1150 && phaseMs(never, "outbound") > 1450);
    assert.equal((await call("later")).status, 400);
    const health = z.object({
      dependencies: z.object({ outbound: z.object({ breakers: z.object({ open: z.number() }) }) }),
    });
    for (let failures = 1; failures < 5; failures += 1) await call("error");
    const { breakers } = health.parse(await (await fetch(`${service.url}/health`)).json()).dependencies.outbound;
    assert.equal(breakers.open, 1);
    assert.match(await (await call("error")).text(), /breaker_open/);
    assert.equal((await call("fast")).status, 200);
  });

  it("call this machine even where nothing else may", async () => {
    const env = { FAULTS: "on", OUTBOUND_ALLOW_PRIVATE: "192.0.2.1" };
    const other = await startService({ items: 1, env: { ...env, FIXTURE_URL: service.url } });
    assert.equal((await other.call("POST", "/api/faults/calls")).status, 200);
    assert.equal((await other.call("POST", paths.calls)).status, 422);
    await other.stop();
  });

  it("leave the rows as they are at the next start", async () => {
    await service.db.connection.query("DELETE FROM faults_rows WHERE id = 1");
    await prepareRows(service.db.connection);
    assert.equal((await service.call("GET", "/api/faults/rows/1")).status, 404);
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
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ["/faults", "/api/faults/rows", "/api/faults/rows/1"]) {
      assert.equal((await fetch(other.url + path, { headers })).status, 404);
    }
    await other.stop();
    const production = { MYSQL_URL: "mysql://a/b", JWT_SECRET: "a-secret-of-my-own-that-is-long-enough", FAULTS: "on" };
    assert.throws(() => loadConfig(production), /FAULTS: got "on", takes off when APP_ENV is production/);
  });
});

// Tests that statements which take too long, wait for a lock or have lost their client are killed in the server.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { goodShare } from "../overload/figures.ts";
import { load, loadFor } from "../overload/measure.ts";
import { startUnderLoad } from "../overload/service-process.ts";
import { createDatabase, eventually } from "../support/helper.ts";
import { tables } from "./routes.ts";

const healthResponse = z.looseObject({
  dependencies: z.object({
    database: z.looseObject({
      connections: z.object({ used: z.number(), idle: z.number(), waiting: z.number(), limit: z.number() }),
    }),
  }),
});

describe("abandoned statements", function () {
  this.timeout(120_000);
  this.retries(1);
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let service: Awaited<ReturnType<typeof startUnderLoad>>;

  beforeEach(async () => {
    db = await createDatabase();
    for (const statement of tables) await db.connection.query(statement);
  });
  afterEach(async () => {
    await service.stop();
    assert.equal(service.errors(), "");
    await db.drop();
  });

  async function start(env: Record<string, string>): Promise<void> {
    service = await startUnderLoad({ MYSQL_URL: db.url, ...env }, `${import.meta.dirname}/routes.ts`);
  }

  const get = (path: string, signal?: AbortSignal) => fetch(service.url + path, signal ? { signal } : {});

  for (const path of ["/slow", "/locked", "/transaction/slow", "/transaction/locked", "/transaction/idle"]) {
    it(`${path} is gone from the server within 200 ms of its 504, and its connection works again`, async () => {
      await start({
        DB_POOL_LIMIT: "1",
        DB_POOL_MAX_IDLE: "1",
        DEADLINE_MS: "1000",
        DB_QUERY_TIMEOUT_MS: "700",
        OUTBOUND_TIMEOUT_MS: "900",
      });
      const id = await (await get("/connection")).text();
      await lockRow();
      for (let round = 0; round < 5; round++) {
        const answer = await get(path);
        const answeredAt = performance.now();
        assert.equal(answer.status, 504);
        const { type } = z.object({ type: z.string() }).parse(await answer.json());
        assert.equal(type, path === "/transaction/idle" ? "deadline_exceeded" : "query_timeout");
        await eventually("the statement to end in the server", async () => (await running()) === 0);
        const goneMs = performance.now() - answeredAt;
        assert.ok(goneMs <= 200, `${goneMs} ms`);
        assert.equal(await (await get("/connection")).text(), id);
      }
      await db.connection.query("ROLLBACK");
      assert.deepEqual(await counts(), [0, 0]);
    });
  }

  it("get 504 in time while somebody holds a lock for 20 s, without affecting others", async () => {
    await start({});
    await lockRow();
    const outcomes = await loadFor(service, 5000, [{ rates: { "/locked": 4, "/read": 20 }, seconds: 20 }]);
    await db.connection.query("ROLLBACK");
    const answered = await service.answered();
    const locked = answered.filter(({ url }) => url === "/locked");
    assert.ok(locked.length > 70);
    const kinds = new Set(locked.map(({ status, type }) => `${status} ${type}`));
    assert.deepEqual(kinds, new Set(["504 query_timeout"]));
    const longestMs = Math.max(...locked.map(({ ms }) => ms));
    assert.ok(longestMs < 1500 + 50, `${longestMs} ms`);
    assert.equal(goodShare(outcomes.filter(({ path }) => path === "/read")), 1, "others are not affected");
    await assertIntact();
    assert.equal((await get("/locked")).status, 200);
  });

  it("hide deadlocks from clients at 50 deadlocking pairs a second", async () => {
    await start({ ADMISSION_LIMIT: "40", DB_POOL_LIMIT: "40" });
    const rates = { "/pair/{1}/forward": 50, "/pair/{1}/backward": 50 };
    const outcomes = await load(service, { rates, seconds: 6 });
    assert.deepEqual(new Set((await service.answered()).map(({ status }) => status)), new Set([200]));
    assert.equal(goodShare(outcomes), 1);
    const text = await (await fetch(`${service.url}/metrics`, { headers: { accept: "text/plain" } })).text();
    const [, retried = "0"] = /^db_query_retried_total\{[^}]*reason="deadlock"[^}]*\} (\d+)/m.exec(text) ?? [];
    console.log(`      ${outcomes.length} transactions, ${retried} retried after a deadlock`);
    assert.ok(Number(retried) > 100, `${retried} deadlocks`);
    const [[row]] = await db.connection.query<RowDataPacket[]>("SELECT SUM(count) AS sum FROM counters");
    assert.equal(Number(row?.sum), 2 * outcomes.length, "each transaction ran exactly once");
    await assertIntact();
  });

  for (const path of ["/slow", "/transaction/locked"]) {
    it(`${path} is killed when its client disconnects, a thousand times`, async () => {
      // 25 heavy statements share the CPU: the limits are high so that each ends only because its client disconnects.
      await start({
        ADMISSION_LIMIT: "25",
        DB_POOL_LIMIT: "25",
        DB_POOL_MAX_IDLE: "25",
        DB_POOL_WAIT_MS: "10000",
        DB_QUERY_TIMEOUT_MS: "20000",
        DEADLINE_MS: "30000",
      });
      await lockRow();
      let ran = 0;
      for (let round = 0; round < 40; round++) {
        const leaving = new AbortController();
        const gone = Array.from({ length: 25 }, () => get(path, leaving.signal).catch(() => {}));
        await eventually("all of them in the server", async () => (await running()) === 25);
        ran += 25;
        leaving.abort();
        await Promise.all(gone);
        await eventually("none of them in the server", async () => (await running()) === 0, 3000);
      }
      assert.equal(ran, 1000);
      await db.connection.query("ROLLBACK");
      assert.deepEqual(await counts(), [0, 0], "transactions are rolled back");
      await assertIntact();
      assert.ok((await openConnections()) <= 25 + 2, "the pool's, the query killer's, and this test's");
    });
  }

  it("don't break the limits of the waits for a pool of three connections", async () => {
    await start({ ADMISSION_LIMIT: "60", DB_POOL_LIMIT: "3", DB_POOL_MAX_IDLE: "3" });
    await load(service, { rates: { "/brief": 100 }, seconds: 6 });
    const answered = await service.answered();
    const kinds = new Set(answered.map(({ status, type }) => `${status} ${type}`.trim()));
    for (const kind of kinds) assert.ok(["200", "504 pool_timeout", "503 queue_timeout"].includes(kind), kind);
    assert.ok(kinds.has("200") && kinds.has("504 pool_timeout"));
    const longestMs = Math.max(...answered.map(({ ms }) => ms));
    assert.ok(longestMs < 250 + 500 + 100 + 50, `queue, pool and query together took ${longestMs} ms`);
    await assertIntact();
    const { used, idle } = await connections();
    // The only other connection is this test's. There is none to kill queries, since none was abandoned.
    assert.equal(used + idle, (await openConnections()) - 1);
  });

  /** Holds a row lock until ROLLBACK. */
  async function lockRow(): Promise<void> {
    await db.connection.query("START TRANSACTION");
    await db.connection.query("UPDATE counters SET count = count WHERE id = 1");
  }

  /** Number of the service's running statements. */
  async function running(): Promise<number> {
    const sql =
      "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE db = DATABASE() AND command = 'Query' AND id <> CONNECTION_ID()";
    const [[row]] = await db.connection.query<RowDataPacket[]>(sql);
    return Number(row?.number);
  }

  async function openConnections(): Promise<number> {
    const sql = "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE db = DATABASE()";
    const [[row]] = await db.connection.query<RowDataPacket[]>(sql);
    return Number(row?.number);
  }

  async function counts(): Promise<number[]> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SELECT count FROM counters ORDER BY id LIMIT 2");
    return rows.map((row) => Number(row.count));
  }

  async function connections() {
    const health = healthResponse.parse(await (await get("/health")).json());
    return health.dependencies.database.connections;
  }

  /** All slots and connections are free, and all of them work. */
  async function assertIntact(): Promise<void> {
    await sleep(100);
    await eventually("all connections back", async () => {
      const { used, waiting } = await connections();
      return used === 0 && waiting === 0;
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => get("/read")));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  }
});

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { AdmissionQueue } from "../../../src/platform/overload/admission-queue.ts";
import { backgroundWork } from "../../../src/platform/overload/background-work.ts";
import { eventually, startService } from "../../support/helper.ts";

const none = { high: 0, normal: 0, low: 0 };

describe("background work", () => {
  function setUp(limit: number, shedding = () => false) {
    const queue = new AdmissionQueue({ limit, maxWaiting: 10, waitMs: 60, newestFirstAfterMs: 100, shedding });
    return { queue, background: backgroundWork(queue) };
  }

  it("holds a low-priority slot and releases it even when the work fails", async () => {
    const { queue, background } = setUp(1);
    const during = () => queue.state().running;
    assert.deepEqual(await background(async () => during()), { ...none, low: 1 });
    await assert.rejects(
      background(async () => {
        throw new Error("failed");
      }),
      /failed/,
    );
    assert.deepEqual(queue.state().running, none);
  });

  it("does not run when the queue refuses it, and holds or waits for at most half of the slots", async () => {
    let shedding = false;
    const { queue, background } = setUp(4, () => shedding);
    const end = new AbortController();
    const running = background(() => once(end.signal, "abort"));
    const { signal } = new AbortController();
    const slots = await Promise.all(["a", "b", "c"].map(() => queue.acquire("high", signal)));
    let ran = 0;
    const count = async () => {
      ran += 1;
    };
    const late = assert.rejects(background(count), { type: "queue_timeout" });
    await assert.rejects(background(count), { type: "queue_full" });
    await late;
    end.abort();
    await running;
    for (const slot of slots) slot.release();
    shedding = true;
    await assert.rejects(background(count), { type: "shed" });
    shedding = false;
    await background(count);
    assert.equal(ran, 1);
    assert.deepEqual(queue.state(), { limit: 4, running: none, queued: none });
  });
});

describe("the refresh of stale pages, on the real service", () => {
  it("uses at most half of the slots, so that requests still get connections", async () => {
    const pages = 60;
    const service = await startService({
      items: 10,
      env: {
        FIXTURE_FRESH_MS: "1",
        DB_POOL_LIMIT: "12",
        DB_POOL_MAX_IDLE: "12",
        ADMISSION_WAIT_MS: "1000",
        DEADLINE_MS: "9000",
      },
    });
    try {
      const { connection } = service.db;
      const get = (page: number) => service.call("GET", `/api/fixture/cached?search=page${page}`);
      for (let page = 0; page < pages; page++) assert.equal((await get(page)).status, 200);
      await connection.query("LOCK TABLES fixture_items WRITE");
      const stale = await Promise.all(Array.from({ length: pages }, (_, page) => get(page)));
      assert.deepEqual(new Set(stale.map(({ status }) => status)), new Set([200]));
      assert.deepEqual(new Set(stale.map(({ headers }) => headers.get("x-cache"))), new Set(["stale"]));
      await eventually("refreshes that wait for the lock", async () => (await waiting(connection, service.db.url)) > 0);
      assert.ok((await waiting(connection, service.db.url)) <= 5, "no more than half of the slots");
      assert.ok(service.database.state().used <= 5);
      await connection.query("UNLOCK TABLES");
    } finally {
      await service.stop();
    }
  });
});

async function waiting(connection: Connection, url: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW PROCESSLIST");
  return rows.filter(({ db, State }) => url.endsWith(`/${db}`) && /lock/i.test(State ?? "")).length;
}

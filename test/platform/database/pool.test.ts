import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, Socket } from "node:net";
import type { PoolConnection, RowDataPacket } from "mysql2";
import { connectionOptions } from "../../../src/platform/database/connection.ts";
import { ConnectionPool, type PoolOptions } from "../../../src/platform/database/pool.ts";
import { Link } from "../../faults/link.ts";
import { addressOf, createDatabase, eventually } from "../../support/helper.ts";

const options = { limit: 3, maxIdle: 2, waitMs: 400, recycleMs: 3_600_000 };

describe("ConnectionPool", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let link: Link;
  let pool: ConnectionPool;
  before(async () => {
    db = await createDatabase();
    link = await Link.to(db.url);
  });
  afterEach(async () => {
    await link.restore();
    await pool.close();
  });
  after(async () => {
    link.close();
    await db.drop();
  });

  function open(changes: Partial<PoolOptions> = {}): void {
    pool = new ConnectionPool(connectionOptions(link.through(db.url)), { ...options, ...changes });
  }

  async function use(): Promise<number> {
    const { connection } = await pool.acquire(undefined);
    const { threadId } = connection;
    await connection.promise().query("SELECT 1");
    pool.release(connection);
    return threadId;
  }

  it("reuses the most recently used connection, and opens no more than it needs", async () => {
    open();
    const first = await use();
    for (let round = 0; round < 5; round++) assert.equal(await use(), first);
    assert.deepEqual(pool.state(), { used: 0, idle: 1, waiting: 0, limit: 3 });
  });

  it("replaces a connection past its recycle age", async () => {
    open({ recycleMs: 300 });
    const first = await use();
    assert.equal(await use(), first);
    await eventually("another connection", async () => (await use()) !== first);
    assert.equal(pool.state().idle, 1);
  });

  it("pings a connection before use only after a second of idling", async () => {
    open();
    const first = await use();
    await use();
    assert.equal(await pings(), 0);
    await new Promise((resolve) => setTimeout(resolve, 1050));
    assert.equal(await use(), first);
    assert.equal(await pings(), 1);

    async function pings(): Promise<number> {
      const { connection } = await pool.acquire(undefined);
      const [[row]] = await connection
        .promise()
        .query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Com_admin_commands'");
      pool.release(connection);
      return Number(row?.Value);
    }
  });

  it("does not take a connection for dead after a stall of its own event loop", async () => {
    // Bypasses the link, which runs in this process too.
    pool = new ConnectionPool(connectionOptions(db.url), options);
    await use();
    await new Promise((resolve) => setTimeout(resolve, 1050));
    const acquired = pool.acquire(undefined);
    // The ping has been sent; the answer arrives during the stall, and by its end the time limit has passed.
    await new Promise((resolve) => setImmediate(resolve));
    const until = performance.now() + 350;
    while (performance.now() < until);
    const { connection, reused } = await acquired;
    assert.equal(reused, true);
    pool.release(connection);
  });

  it("replaces all idle connections once it finds a dead one", async () => {
    open({ maxIdle: 3, waitMs: 5000 });
    const openedAt = performance.now();
    const leases = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    const openingMs = performance.now() - openedAt;
    const before = leases.map(({ connection }) => connection.threadId);
    for (const { connection } of leases) pool.release(connection);
    await new Promise((resolve) => setTimeout(resolve, 1050));
    // No error shows that they are dead: the next three requests must not find out one after the other.
    link.blackhole();
    const late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => {
      link.cut();
      return link.restore();
    });
    const startedAt = performance.now();
    const after = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    // A ping may take 200 ms.
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 390 + 2 * openingMs, `one ping, not three: ${tookMs} ms, ${openingMs} ms of them for opening`);
    await late;
    for (const { connection, reused } of after) {
      assert.equal(reused, false);
      assert.ok(!before.includes(connection.threadId));
      pool.release(connection);
    }
  });

  it("pings the other connections before reuse when one was found dead", async () => {
    open();
    const [dead, other] = await Promise.all([pool.acquire(undefined), pool.acquire(undefined)]);
    pool.release(other.connection);
    link.blackhole();
    pool.suspectAll();
    pool.destroy(dead.connection);
    const late = assert.rejects(pool.acquire(undefined), { type: "database_unavailable" });
    await late;
    await link.restore();
    await use();
  });

  it("rejects with pool_timeout when all are in use, and with database_unavailable when none can be opened", async () => {
    open({ waitMs: 3000 });
    const held = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    await assert.rejects(pool.acquire(undefined), { type: "pool_timeout" });
    for (const { connection } of held) pool.destroy(connection);
    link.blackhole();
    await assert.rejects(pool.acquire(undefined), { type: "database_unavailable" });
    await link.restore();
    await eventually("a connection", () =>
      use().then(
        () => true,
        () => false,
      ),
    );
  });

  it("rejects a wait with its signal's reason, and leaks no connection", async () => {
    open();
    const held = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    const leaving = new AbortController();
    const waits = Array.from({ length: 50 }, () => pool.acquire(leaving.signal));
    assert.equal(pool.state().waiting, 50);
    leaving.abort(new Error("gone"));
    for (const wait of await Promise.allSettled(waits)) {
      assert.ok(wait.status === "rejected" && wait.reason === leaving.signal.reason);
    }
    for (const { connection } of held) pool.release(connection);
    await eventually("all idle", () => pool.state().used === 0 && pool.state().waiting === 0);
    const again = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    for (const { connection } of again) pool.release(connection);
  });

  it("bounds the wait queue, abandoned waiters included", async () => {
    // The same limit applies to opening the three, which can take a while on a busy machine.
    open({ waitMs: 3000 });
    const held = await Promise.all([1, 2, 3].map(() => pool.acquire(undefined)));
    await Promise.allSettled(Array.from({ length: 10_000 }, () => pool.acquire(undefined)));
    const startedAt = performance.now();
    await assert.rejects(pool.acquire(undefined), { type: "pool_timeout" });
    assert.ok(performance.now() - startedAt < 2500, "refused at once");
    for (const { connection } of held) pool.release(connection);
    await eventually("a connection", () =>
      use().then(
        () => true,
        () => false,
      ),
    );
    assert.equal(pool.state().used, 0);
  });

  it("replaces a connection whose server goes silent after the handshake", async () => {
    let mute = true;
    const { hostname, port } = new URL(db.url);
    const relay = createServer((client) => {
      const server = connect(Number(port), hostname).on("error", () => {});
      server.pipe(client.on("error", () => {}));
      client.on("data", (bytes) => (mute && bytes.includes("SET NAMES")) || server.write(bytes));
      client.on("close", () => server.destroy());
    }).listen(0, "127.0.0.1");
    await once(relay, "listening");
    const url = new URL(db.url);
    url.host = new URL(addressOf(relay.address())).host;
    pool = new ConnectionPool(connectionOptions(url.href), { ...options, limit: 1 });
    await assert.rejects(pool.acquire(undefined), { type: "database_unavailable" });
    mute = false;
    await eventually("another connection", () => use().catch(() => false));
    relay.close();
  });

  it("counts used and idle connections correctly, whatever happens to them", async () => {
    open({ waitMs: 100 });
    const taken: PoolConnection[] = [];
    let seed = 7;
    const next = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % limit;
    };
    for (let step = 0; step < 300; step++) {
      const connection = taken[next(Math.max(1, taken.length))];
      const action = next(5);
      if (action === 0 || connection === undefined) {
        const lease = await pool.acquire(undefined).catch(() => undefined);
        if (lease !== undefined) taken.push(lease.connection);
        continue;
      }
      if (action === 1) socketOf(connection).resetAndDestroy();
      taken.splice(taken.indexOf(connection), 1);
      if (action === 2) pool.destroy(connection);
      else pool.release(connection);
    }
    for (const connection of taken) pool.release(connection);
    await eventually("the same count in the server", async () => {
      const { used, idle } = pool.state();
      return used === 0 && idle <= 3 && idle === link.open;
    });
  });
});

function socketOf(connection: PoolConnection): Socket {
  const stream: unknown = Reflect.get(connection, "stream");
  assert.ok(stream instanceof Socket);
  return stream;
}

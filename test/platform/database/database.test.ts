import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { RowDataPacket } from "mysql2/promise";
import { pino } from "pino";
import { Database, type DatabaseOptions } from "../../../src/platform/database/database.ts";
import { Link } from "../../faults/link.ts";
import { createDatabase, eventually, freePort, type LogLine } from "../../support/helper.ts";

const options = { limit: 2, maxIdle: 1, recycleMs: 3_600_000, waitMs: 200, queryTimeoutMs: 5000, slowQueryMs: 5000 };
/** Keeps the server busy for seconds. Unlike SLEEP, it fails when it is killed. */
const busy =
  "SELECT COUNT(*) AS number FROM information_schema.columns a JOIN information_schema.columns b JOIN information_schema.columns c";

describe("Database", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let log: LogLine[];
  let opened: Database[];
  before(async () => {
    db = await createDatabase();
    await db.connection.query("CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(100)) DEFAULT CHARSET utf8mb4");
  });
  beforeEach(() => {
    log = [];
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((database) => database.close()));
  });
  after(() => db.drop());

  function open(changes: Partial<DatabaseOptions> = {}): Database {
    const logger = pino(
      { formatters: { level: (level) => ({ level }) } },
      { write: (line: string) => log.push(JSON.parse(line)) },
    );
    const database = new Database({ url: db.url, ...options, ...changes }, logger);
    opened.push(database);
    return database;
  }

  it("returns values as they were sent", async () => {
    const database = open();
    const name = "Grüße 😀 '\"\\;--";
    assert.equal((await database.write("items.create", "INSERT INTO items VALUES (?, ?)", [1, name])).affectedRows, 1);
    const [row] = await database.query("items.get", "SELECT id, name, ? AS at FROM items WHERE id = ?", ["x", 1]);
    assert.deepEqual({ ...row }, { id: 1, name, at: "x" });
  });

  it("rejects a wait for a connection at its limit, and works afterwards", async () => {
    const database = open();
    const held = [database.query("busy", "SELECT SLEEP(3)"), database.query("busy", "SELECT SLEEP(3)")];
    const startedAt = performance.now();
    await assert.rejects(database.query("late", "SELECT 1"), { type: "pool_timeout", status: 504 });
    const waitedMs = performance.now() - startedAt;
    assert.ok(waitedMs >= 190 && waitedMs < 2500, `${waitedMs} ms`);
    await Promise.all(held);
    await Promise.all(Array.from({ length: 20 }, () => database.query("again", "SELECT 1")));
    assert.deepEqual(database.state(), { used: 0, idle: 2, waiting: 0, limit: 2 });
  });

  it("rejects a query at its limit, kills it in the server, and reuses its connection", async () => {
    const database = open({ queryTimeoutMs: 100 });
    const [before] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    await assert.rejects(database.query("busy", busy), { type: "query_timeout", status: 504 });
    await eventually("the end of the query in the server", async () => (await runningIn(Number(before?.id))) === 0);
    await eventually("its connection back in the pool", () => database.state().used === 0);
    const [after] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    assert.equal(after?.id, before?.id);
    assert.deepEqual(database.state(), { used: 0, idle: 1, waiting: 0, limit: 2 });
  });

  async function runningIn(connection: number): Promise<number> {
    const sql = "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE id = ? AND command = 'Query'";
    const [[row]] = await db.connection.query<RowDataPacket[]>(sql, [connection]);
    return Number(row?.number);
  }

  it("passes on the error of an invalid statement and keeps the connection", async () => {
    const database = open();
    await assert.rejects(database.query("wrong", "SELECT nothing FROM nowhere"), { code: "ER_NO_SUCH_TABLE" });
    assert.deepEqual(database.state(), { used: 0, idle: 1, waiting: 0, limit: 2 });
  });

  it("rejects with database_unavailable when the server refuses connections or does not answer", async () => {
    const refusing = open({ url: `mysql://root@127.0.0.1:${await freePort()}/shop` });
    await assert.rejects(refusing.query("any", "SELECT 1"), { type: "database_unavailable", status: 503 });
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert.ok(typeof address === "object" && address !== null);
    const hanging = open({ url: `mysql://root@127.0.0.1:${address.port}/shop` });
    await assert.rejects(hanging.query("any", "SELECT 1"), { type: "database_unavailable" });
    silent.close();
  });

  it("retries a read that finds its connection dead, but not a write", async () => {
    const link = await Link.to(db.url);
    const database = open({ url: link.through(db.url), limit: 1 });
    const killConnection = async () => {
      await database.query("any", "SELECT 1");
      link.cut();
    };
    for (let round = 0; round < 20; round++) {
      await killConnection();
      const [row] = await database.query("any", "SELECT ? AS round", [round]);
      assert.equal(row?.round, round);
    }
    let acknowledged = 0;
    for (let id = 100; id < 120; id++) {
      await killConnection();
      const written = database.write("items.create", "INSERT INTO items VALUES (?, '')", [id]);
      await written.then(
        () => {
          acknowledged += 1;
        },
        (error: unknown) => assert.equal(Reflect.get(Object(error), "type"), "database_unavailable"),
      );
    }
    const [row] = await database.query("items.count", "SELECT COUNT(*) AS number FROM items WHERE id >= 100");
    assert.equal(Number(row?.number), acknowledged);
    assert.ok(acknowledged < 20, "some writes met a dead connection");
    assert.equal(database.state().used, 0);
    link.close();
  });

  it("does not retry a second time when the next connection dies too", async () => {
    const link = await Link.to(db.url);
    const database = open({ url: link.through(db.url) });
    await database.query("any", "SELECT 1");
    const failed = assert.rejects(database.query("sleep", "SELECT SLEEP(3)"), { type: "database_unavailable" });
    for (const times of [1, 2]) {
      // The server keeps sleeping after the client has gone.
      await eventually(`${times} queries in the server`, async () => (await sleeping()) === times);
      link.cut();
    }
    await failed;
    assert.equal(database.state().used, 0);
    link.close();

    async function sleeping(): Promise<number> {
      const sql = "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE info = 'SELECT SLEEP(3)'";
      const [[row]] = await db.connection.query<RowDataPacket[]>(sql);
      return Number(row?.number);
    }
  });

  it("kills queries again after its KILL connection has died", async () => {
    const link = await Link.to(db.url);
    const database = open({ url: link.through(db.url), queryTimeoutMs: 100 });
    await assert.rejects(database.query("busy", busy), { type: "query_timeout" });
    await eventually("its connection back in the pool", () => database.state().used === 0);
    link.blackhole();
    await assert.rejects(database.query("busy", busy), { type: "query_timeout" });
    await eventually("the connection to be destroyed", () => database.state().used === 0);
    link.cut();
    await link.restore();
    await eventually("a query that answers", () =>
      database.query("any", "SELECT 1").then(
        () => true,
        () => false,
      ),
    );
    const [before] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    await assert.rejects(database.query("busy", busy), { type: "query_timeout" });
    await eventually("its connection back in the pool", () => database.state().used === 0);
    const [after] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    assert.equal(after?.id, before?.id, "killed, so its connection is reused");
    link.close();
  });

  it("logs a slow query once, with 100 characters of its statement and no values", async () => {
    const database = open({ slowQueryMs: 50 });
    await database.query(
      "items.slow",
      `SELECT SLEEP(?),\n   ${"name, ".repeat(30)} id FROM items WHERE id = 1`,
      [0.08],
    );
    assert.equal(log.length, 1);
    const [line] = log;
    assert.equal(line?.level, "warn");
    assert.equal(line.msg, "slow query");
    assert.equal(line.query, "items.slow");
    assert.equal(String(line.statement).length, 100);
    assert.match(String(line.statement), /^SELECT SLEEP\(\?\), name, /);
    assert.ok(Number(line.durationMs) >= 50);
    assert.ok(Number(line.poolWaitMs) >= 0);
    assert.equal(line.rows, 1);
  });
});

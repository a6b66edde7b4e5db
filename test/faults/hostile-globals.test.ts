// Runs the service on a server with hostile global settings: each changes what statements mean, unless the connection overrides
// it.
import assert from "node:assert/strict";
import type { Connection } from "mysql2/promise";
import { z } from "zod";
import { openConnection } from "../../src/platform/database/connection.ts";
import { Database } from "../../src/platform/database/database.ts";
import { hostileGlobals, setGlobals } from "../hostile/globals.ts";
import { silent, startService } from "../support/helper.ts";
import { Victim } from "./victim.ts";

const page = z.object({ items: z.array(z.object({ name: z.string() })) });
const created = z.object({ id: z.number(), name: z.string() });
const options = { limit: 1, maxIdle: 1, recycleMs: 60_000, waitMs: 1000, queryTimeoutMs: 1000, slowQueryMs: 1000 };
type Service = Awaited<ReturnType<typeof startService>>;

describe("a server with hostile global settings", () => {
  let victim: Victim;
  let admin: Connection;
  let service: Service;
  let restore = async () => {};
  const originalUrl = process.env.MYSQL_URL;
  before(async () => {
    victim = await Victim.start();
    admin = await openConnection(victim.directUrl);
    process.env.MYSQL_URL = victim.directUrl;
  });
  afterEach(async () => {
    await service.stop();
    await restore();
  });
  after(async () => {
    process.env.MYSQL_URL = originalUrl;
    await admin.end();
    await victim.stop();
  });

  /** Starts the service after setting these globals, so that they apply to all its connections. */
  async function serviceOn(names: readonly string[], items = 0): Promise<Service> {
    restore = await setGlobals(admin, Object.fromEntries(names.map((name) => [name, hostileGlobals[name] ?? ""])));
    service = await startService({ items });
    return service;
  }
  const example = { name: "it's \\ \"one\" ' OR 1=1)#", url: "https://hooks.example.com/1" };
  async function found(search: string): Promise<number> {
    const answer = await fetch(`${service.url}/api/fixture/items?search=${encodeURIComponent(search)}`);
    assert.equal(answer.status, 200);
    return page.parse(await answer.json()).items.length;
  }

  it("cannot break escaping with NO_BACKSLASH_ESCAPES in the global sql_mode", async () => {
    const { call } = await serviceOn(["sql_mode"], 5);
    assert.equal(await found("zzz' OR 1=1)#"), 0);
    assert.equal((await call("POST", "/api/fixture/items", example)).status, 201);
    for (const search of ["it's", "\\", '"one"', "' OR 1=1)#"]) assert.equal(await found(search), 1, search);
  });

  it("cannot lose acknowledged writes with a global autocommit of 0", async () => {
    const { call, db } = await serviceOn(["autocommit", "completion_type"]);
    for (let count = 0; count < 3; count += 1) {
      assert.equal((await call("POST", "/api/fixture/items", example)).status, 201);
    }
    const other = await openConnection(db.url);
    const [rows] = await other.query("SELECT id FROM fixture_items");
    await other.end();
    assert.ok(Array.isArray(rows));
    assert.equal(rows.length, 3);
  });

  it("cannot shift times from UTC with a global time zone", async () => {
    const { database } = await serviceOn(["time_zone"]);
    await database.write(
      "t",
      "CREATE TABLE times (at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), sent DATETIME(3))",
    );
    await database.write("t", "INSERT INTO times (sent) VALUES (?)", [new Date()]);
    const [row] = await database.query("t", "SELECT at, sent, NOW(3) AS now FROM times");
    for (const name of ["at", "sent", "now"]) {
      const off = Math.abs(Date.now() - row?.[name].getTime());
      assert.ok(off < 2000, `${name} is ${off} ms off`);
    }
    const [compared] = await database.query("t", "SELECT ABS(TIMESTAMPDIFF(SECOND, sent, NOW())) AS off FROM times");
    assert.ok(compared?.off < 2);
  });

  it("cannot override the session state with init_connect", async () => {
    const { db } = await serviceOn(["init_connect"]);
    const url = new URL(db.url);
    await admin.query("CREATE USER ordinary IDENTIFIED BY 'ordinary'");
    await admin.query(`GRANT ALL ON ${url.pathname.slice(1)}.* TO ordinary`);
    url.username = url.password = "ordinary";
    const ordinary = new Database({ ...options, url: url.href }, silent);
    const name = "Grüße 😀 it's";
    const [row] = await ordinary.query("t", "SELECT ? AS name, @@sql_mode AS mode", [name]);
    await ordinary.close();
    assert.equal(row?.name, name);
    assert.doesNotMatch(row?.mode, /NO_BACKSLASH_ESCAPES/);
  });

  it("cannot break reads, writes, foreign keys or slow statements with all other globals", async () => {
    const { sql_mode: _mode, autocommit: _autocommit, time_zone: _zone, ...others } = hostileGlobals;
    const { call, database } = await serviceOn(Object.keys(others), 30);
    const list = await fetch(`${service.url}/api/fixture/items?limit=20`);
    assert.equal(page.parse(await list.json()).items.length, 20);
    const { id } = created.parse(await (await call("POST", "/api/fixture/items", example)).json());
    assert.equal((await call("DELETE", `/api/fixture/items/${id}`)).status, 204);
    await assert.rejects(database.write("t", "INSERT INTO fixture_calls (item_id, status) VALUES (?, 200)", [id]), {
      errno: 1452,
    });
    const [row] = await database.query(
      "t",
      "SELECT GROUP_CONCAT(description) AS texts, 1 / 3 AS third, SLEEP(0.05) AS slept FROM fixture_items",
    );
    assert.ok(row?.texts.length > 500);
    assert.deepEqual([row?.third, row?.slept], [0.3333, 0]);
  });
});

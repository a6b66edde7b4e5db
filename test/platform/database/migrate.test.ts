import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { migrate } from "../../../src/platform/database/migrate.ts";
import { pendingMigrations } from "../../../src/platform/database/migrations.ts";
import { createDatabase, silent } from "../../support/helper.ts";

describe("migrate", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let folder: string;
  beforeEach(async () => {
    db = await createDatabase();
    folder = await mkdtemp(`${tmpdir()}/migrate-`);
  });
  afterEach(async () => {
    await db.drop();
    await rm(folder, { recursive: true });
  });

  async function file(path: string, sql: string): Promise<void> {
    await mkdir(dirname(`${folder}/${path}`), { recursive: true });
    const code = `export async function up(connection: { query(sql: string): Promise<unknown> }) { await connection.query(${JSON.stringify(sql)}); }`;
    await writeFile(`${folder}/${path}`, code);
  }
  /** Migrates the domains, each in a folder of its name. */
  const run = (...domains: string[]) => migrate(db.connection, sources(domains), silent);
  const sources = (domains: readonly string[]) =>
    (domains.length > 0 ? domains : ["shop"]).map((name) => ({ name, folder: `${folder}/${name}` }));
  async function applied(): Promise<string[]> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SELECT name FROM migrations ORDER BY name");
    return rows.map((row) => String(row.name));
  }

  it("runs each pending migration once, in order", async () => {
    await file("shop/migrations/2.ts", "ALTER TABLE a ADD COLUMN more INT");
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await run();
    await run();
    await file("shop/migrations/3.ts", "DROP TABLE a");
    await run();
    assert.deepEqual(await applied(), ["shop/1.ts", "shop/2.ts", "shop/3.ts"]);
  });

  it("stops at a failing migration, names it, and continues from there once it is fixed", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await file("shop/migrations/2.ts", "CREATE TABEL b (id INT)");
    await file("shop/migrations/3.ts", "CREATE TABLE c (id INT)");
    await assert.rejects(run(), /2\.ts/);
    assert.deepEqual(await applied(), ["shop/1.ts"]);
    await file("shop/migrations/fixed.ts", "CREATE TABLE b (id INT)");
    await rm(`${folder}/shop/migrations/2.ts`);
    await run();
    assert.deepEqual(await applied(), ["shop/1.ts", "shop/3.ts", "shop/fixed.ts"]);
  });

  /** Leaves the state of a process that was killed between a change and its record. */
  async function interrupt(name: string, sql: string): Promise<void> {
    await db.connection.query(sql);
    await db.connection.query("INSERT INTO migrations_started VALUES (?, UTC_TIMESTAMP(3))", [name]);
  }

  for (const [what, sql] of [
    ["created a table", "CREATE TABLE b (id INT)"],
    ["dropped a table", "DROP TABLE old"],
    ["added a column", "ALTER TABLE a ADD COLUMN more INT"],
    ["added an index", "ALTER TABLE a ADD INDEX by_id (id)"],
    ["dropped an index", "ALTER TABLE a DROP INDEX by_old"],
    ["dropped a column", "ALTER TABLE a DROP COLUMN old"],
    ["added a foreign key", "ALTER TABLE a ADD CONSTRAINT a_old FOREIGN KEY (old) REFERENCES old (id)"],
  ] as const) {
    it(`continues after being killed right after it ${what}`, async () => {
      await file("shop/migrations/1.ts", "CREATE TABLE old (id INT PRIMARY KEY)");
      await file("shop/migrations/2.ts", "CREATE TABLE a (id INT, old INT, KEY by_old (old))");
      await run();
      await interrupt("shop/3.ts", sql);
      await file("shop/migrations/3.ts", sql);
      await file("shop/migrations/4.ts", "CREATE TABLE last (id INT)");
      await run();
      assert.deepEqual(await applied(), ["shop/1.ts", "shop/2.ts", "shop/3.ts", "shop/4.ts"]);
    });
  }

  it("makes the change if it was killed before making it", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await run();
    await interrupt("shop/2.ts", "DO 1");
    await file("shop/migrations/2.ts", "ALTER TABLE a ADD COLUMN more INT");
    await run();
    await db.connection.query("SELECT more FROM a");
  });

  it("fails on an existing table unless an interrupted run may have created it", async () => {
    await db.connection.query("CREATE TABLE a (other INT)");
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await assert.rejects(run(), /already exists/);
    await assert.rejects(run(), /already exists/);
    assert.deepEqual(await applied(), []);
  });

  it("upgrades a database from an earlier version, which kept no record of started migrations", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await run();
    await db.connection.query("DROP TABLE migrations_started");
    await file("shop/migrations/2.ts", "CREATE TABLE b (id INT)");
    await run();
    assert.deepEqual(await applied(), ["shop/1.ts", "shop/2.ts"]);
  });

  it("runs the migrations of all domains in order of their dates, and one file name in each", async () => {
    await file("shop/migrations/2026-01-01-01-items.ts", "CREATE TABLE items (id INT PRIMARY KEY)");
    await file("shop/migrations/2026-01-03-01-more.ts", "ALTER TABLE items ADD COLUMN more INT");
    await file("cart/migrations/2026-01-02-01-cart.ts", "CREATE TABLE cart (item INT REFERENCES items (id))");
    await file("cart/migrations/2026-01-03-01-more.ts", "ALTER TABLE cart ADD COLUMN more INT");
    assert.deepEqual(await run("shop", "cart"), [
      "shop/2026-01-01-01-items.ts",
      "cart/2026-01-02-01-cart.ts",
      "cart/2026-01-03-01-more.ts",
      "shop/2026-01-03-01-more.ts",
    ]);
    assert.deepEqual(await run("shop", "cart"), []);
  });

  describe("on a database from an earlier version, which recorded the file name alone", () => {
    beforeEach(async () => {
      await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
      await run();
      await db.connection.query("UPDATE migrations SET name = '1.ts'");
    });

    it("runs none of them again, and keeps their records for replicas of that version", async () => {
      await file("shop/migrations/2.ts", "ALTER TABLE a ADD COLUMN more INT");
      assert.deepEqual(await run(), ["shop/2.ts"]);
      assert.deepEqual(await applied(), ["1.ts", "shop/1.ts", "shop/2.ts"]);
    });

    it("runs a file of the same name in a later domain", async () => {
      await run();
      await file("cart/migrations/1.ts", "CREATE TABLE b (id INT)");
      assert.deepEqual(await run("cart", "shop"), ["cart/1.ts"]);
    });

    it("asks which of two files with one name ran, and continues once it is told", async () => {
      await file("cart/migrations/1.ts", "CREATE TABLE b (id INT)");
      const error = await run("shop", "cart").then(
        () => new Error("nothing asked"),
        (reason: Error) => reason,
      );
      assert.match(error.message, /1\.ts ran, but not which: cart\/1\.ts or shop\/1\.ts/);
      const [insert = ""] = /INSERT .*/.exec(error.message) ?? [];
      await db.connection.query(insert.replace("cart/1.ts", "shop/1.ts"));
      assert.deepEqual(await run("shop", "cart"), ["cart/1.ts"]);
    });

    it("continues a migration that was interrupted then", async () => {
      await interrupt("2.ts", "CREATE TABLE b (id INT)");
      await file("shop/migrations/2.ts", "CREATE TABLE b (id INT)");
      assert.deepEqual(await run(), ["shop/2.ts"]);
    });
  });

  it("refuses two domains of one name", async () => {
    await assert.rejects(run("shop", "shop"), /two domains have the name "shop"/);
  });

  it("lists what is pending without the right to create tables", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    assert.deepEqual(await pendingMigrations(db.connection, sources([])), ["shop/1.ts"]);
    const [tables] = await db.connection.query<RowDataPacket[]>("SHOW TABLES");
    assert.deepEqual(tables, []);
    await run();
    assert.deepEqual(await pendingMigrations(db.connection, sources([])), []);
  });
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { migrate } from "../../../src/platform/database/migrate.ts";
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
  const run = () => migrate(db.connection, folder, "*/migrations/*.ts", silent);
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
    assert.deepEqual(await applied(), ["1.ts", "2.ts", "3.ts"]);
  });

  it("stops at a failing migration, names it, and continues from there once it is fixed", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await file("shop/migrations/2.ts", "CREATE TABEL b (id INT)");
    await file("shop/migrations/3.ts", "CREATE TABLE c (id INT)");
    await assert.rejects(run(), /2\.ts/);
    assert.deepEqual(await applied(), ["1.ts"]);
    await file("shop/migrations/fixed.ts", "CREATE TABLE b (id INT)");
    await rm(`${folder}/shop/migrations/2.ts`);
    await run();
    assert.deepEqual(await applied(), ["1.ts", "3.ts", "fixed.ts"]);
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
      await interrupt("3.ts", sql);
      await file("shop/migrations/3.ts", sql);
      await file("shop/migrations/4.ts", "CREATE TABLE last (id INT)");
      await run();
      assert.deepEqual(await applied(), ["1.ts", "2.ts", "3.ts", "4.ts"]);
    });
  }

  it("makes the change if it was killed before making it", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await run();
    await interrupt("2.ts", "DO 1");
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
    assert.deepEqual(await applied(), ["1.ts", "2.ts"]);
  });
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { migrate } from "../../../src/platform/database/migrate.ts";
import { createDatabase, silent } from "../../helper.ts";

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

  it("runs what has not run yet, in order, once", async () => {
    await file("shop/migrations/2.ts", "ALTER TABLE a ADD COLUMN more INT");
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await run();
    await run();
    await file("shop/migrations/3.ts", "DROP TABLE a");
    await run();
    assert.deepEqual(await applied(), ["1.ts", "2.ts", "3.ts"]);
  });

  it("stops at a migration that fails, names it, and goes on from there once it is mended", async () => {
    await file("shop/migrations/1.ts", "CREATE TABLE a (id INT)");
    await file("shop/migrations/2.ts", "CREATE TABEL b (id INT)");
    await file("shop/migrations/3.ts", "CREATE TABLE c (id INT)");
    await assert.rejects(run(), /2\.ts/);
    assert.deepEqual(await applied(), ["1.ts"]);
  });
});

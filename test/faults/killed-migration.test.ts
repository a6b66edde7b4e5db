// Kills the process during its first start, after it has changed the schema but before it has recorded the change.
import assert from "node:assert/strict";
import { once } from "node:events";
import { globSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { openConnection } from "../../src/platform/database/connection.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { fixture } from "../support/fixture/domain.ts";
import { createDatabase, eventually, silent, spawnService } from "../support/helper.ts";

const quiet = { OTEL_SDK_DISABLED: "true" };

describe("a process that is killed while it migrates", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  /** Blocks only the record of a migration: the service creates the table, then waits. */
  let holder: Connection;
  beforeEach(async () => {
    db = await createDatabase();
    holder = await openConnection(db.url);
  });
  afterEach(async () => {
    holder.destroy();
    await db.drop();
  });

  async function exists(table: string): Promise<boolean> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SHOW TABLES LIKE ?", [table]);
    return rows.length > 0;
  }

  /** The id of the connection that waits to record its migration. */
  async function waitingRecord(): Promise<number | undefined> {
    const sql =
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT INTO migrations (%'";
    const [rows] = await db.connection.query<RowDataPacket[]>(sql);
    return rows[0]?.id;
  }

  /** Runs the first `count` migrations of the tests' domain. */
  async function migrateSome(count: number): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "migrations-"));
    const files = globSync("migrations/*.ts", { cwd: fixture.folder }).toSorted().slice(0, count);
    for (const file of files) await cp(join(fixture.folder, file), join(folder, file));
    await migrate(db.connection, [{ name: fixture.name, folder }], silent);
    await rm(folder, { recursive: true });
  }

  for (const [table, before] of [
    ["fixture_items", 0],
    ["fixture_calls", 1],
  ] as const) {
    it(`starts again after it was killed right after creating ${table}`, async () => {
      await migrateSome(before);
      assert.ok(!(await exists(table)));
      await holder.query("START TRANSACTION");
      await holder.query("SELECT * FROM migrations FOR UPDATE");
      const service = await spawnService({ ...quiet, MYSQL_URL: db.url }, undefined, "listening");
      const record = await eventually("a record that waits", waitingRecord);
      assert.ok(await exists(table));
      service.child.kill("SIGKILL");
      await once(service.child, "exit");
      // If the server has not noticed that the client is gone, it would still run the statement.
      await db.connection.query("KILL ?", [record]).catch((error: Error & { code?: string }) => {
        if (error.code !== "ER_NO_SUCH_THREAD") throw error;
      });
      await holder.query("ROLLBACK");
      const again = await spawnService({ ...quiet, MYSQL_URL: db.url });
      const ready = await fetch(`${again.url}/health/ready`);
      await again.stop();
      assert.equal(ready.status, 200);
    });
  }
});

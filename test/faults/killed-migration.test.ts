// The process is killed in the middle of its first start, when a change to the schema is made and not yet recorded.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { openConnection } from "../../src/platform/database/connection.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { createDatabase, eventually, root, silent, spawnService } from "../support/helper.ts";

const quiet = { OTEL_SDK_DISABLED: "true" };

describe("a process that is killed while it migrates", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  /** Holds back the record of a migration, and nothing else: the service makes the table, and waits. */
  let holder: Connection;
  beforeEach(async () => {
    db = await createDatabase();
    holder = await openConnection(db.url);
  });
  afterEach(async () => {
    holder.destroy();
    await db.drop();
  });

  async function has(table: string): Promise<boolean> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SHOW TABLES LIKE ?", [table]);
    return rows.length > 0;
  }

  /** The connection whose record of a migration waits for the lock. */
  async function waitingRecord(): Promise<number | undefined> {
    const sql =
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT INTO migrations (%'";
    const [rows] = await db.connection.query<RowDataPacket[]>(sql);
    return rows[0]?.id;
  }

  for (const [table, before] of [
    ["automations", "none/*.ts"],
    ["automation_runs", "*/migrations/*-01-*.ts"],
  ] as const) {
    it(`starts again when it was killed right after it had made ${table}`, async () => {
      await migrate(db.connection, `${root}/src`, before, silent);
      await holder.query("START TRANSACTION");
      await holder.query("SELECT * FROM migrations FOR UPDATE");
      const service = await spawnService({ ...quiet, MYSQL_URL: db.url }, undefined, "listening");
      const record = await eventually("a record that waits", waitingRecord);
      assert.ok(await has(table));
      service.child.kill("SIGKILL");
      await once(service.child, "exit");
      // A server that has not seen the client go would still run the statement.
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

// The process is killed in the middle of its first start, when a change to the schema is made and not yet recorded.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RowDataPacket } from "mysql2/promise";
import { openConnection } from "../../src/platform/database/connection.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { createDatabase, eventually, root, silent, spawnService } from "../helper.ts";

const quiet = { OTEL_SDK_DISABLED: "true" };

describe("a process that is killed while it migrates", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  beforeEach(async () => {
    db = await createDatabase();
  });
  afterEach(() => db.drop());

  async function has(table: string): Promise<boolean> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SHOW TABLES LIKE ?", [table]);
    return rows.length > 0;
  }

  /** The record that waits was sent; here the process ends before that. */
  async function endWaiting(): Promise<void> {
    const sql =
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'INSERT INTO migrations (%'";
    const [rows] = await db.connection.query<RowDataPacket[]>(sql);
    assert.equal(rows.length, 1);
    await db.connection.query("KILL ?", [rows[0]?.id]);
  }

  for (const [table, before] of [
    ["automations", "none/*.ts"],
    ["automation_runs", "*/migrations/*-01-*.ts"],
  ] as const) {
    it(`starts again when it was killed right after it had made ${table}`, async () => {
      await migrate(db.connection, `${root}/src`, before, silent);
      // Holds back the record, and nothing else: the service makes the table, and waits.
      const holder = await openConnection(db.url);
      await holder.query("START TRANSACTION");
      await holder.query("SELECT * FROM migrations FOR UPDATE");
      const service = await spawnService({ ...quiet, MYSQL_URL: db.url }, undefined, "listening");
      await eventually(`the table ${table}`, () => has(table));
      service.child.kill("SIGKILL");
      await once(service.child, "exit");
      await endWaiting();
      await holder.end();
      const again = await spawnService({ ...quiet, MYSQL_URL: db.url });
      const ready = await fetch(`${again.url}/health/ready`);
      await again.stop();
      assert.equal(ready.status, 200);
    });
  }
});

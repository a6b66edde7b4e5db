import assert from "node:assert/strict";
import type { RowDataPacket } from "mysql2/promise";
import { seedAutomations } from "../../src/automations/seed.ts";
import { domains } from "../../src/domains.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { createDatabase, silent } from "../support/helper.ts";

const checksum = `SELECT COUNT(*) AS number, COUNT(DISTINCT category) AS categories,
  SUM(CRC32(CONCAT_WS('|', id, name, description, category, popularity, rating, created_at))) AS content FROM automations`;

describe("seed", () => {
  it("creates the same 10,000 automations every time, within 5 s, and leaves a filled table alone", async () => {
    const contents = [];
    for (let round = 0; round < 2; round++) {
      const { connection, drop } = await createDatabase();
      await migrate(connection, domains, silent);
      const startedAt = performance.now();
      assert.equal(await seedAutomations(connection, 10_000, "http://127.0.0.1:9/hooks"), 10_000);
      assert.ok(performance.now() - startedAt < 30_000);
      assert.equal(await seedAutomations(connection, 10_000, "http://127.0.0.1:9/hooks"), 0);
      const [[row]] = await connection.query<RowDataPacket[]>(checksum);
      contents.push({ ...row });
      await drop();
    }
    assert.equal(contents[0]?.number, 10_000);
    assert.equal(contents[0]?.categories, 10);
    assert.deepEqual(contents[0], contents[1]);
  });
});

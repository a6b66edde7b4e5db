import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RowDataPacket } from "mysql2/promise";
import { Database } from "../../../src/platform/database/database.ts";
import type { Statements } from "../../../src/platform/database/transaction.ts";
import { createDatabase, eventually, silent } from "../../support/helper.ts";

/** Keeps the server busy for seconds. */
const busy =
  "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c";
const options = {
  limit: 4,
  maxIdle: 4,
  waitMs: 1000,
  recycleMs: 3_600_000,
  queryTimeoutMs: 2000,
  slowQueryMs: 5000,
};

describe("a transaction", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let database: Database;
  before(async () => {
    db = await createDatabase();
    await db.connection.query("CREATE TABLE items (id INT PRIMARY KEY, count INT NOT NULL) ENGINE = InnoDB");
  });
  beforeEach(async () => {
    await db.connection.query("DELETE FROM items");
    await db.connection.query("INSERT INTO items VALUES (1, 0), (2, 0)");
    database = new Database({ ...options, url: db.url }, silent);
  });
  afterEach(() => database.close());
  after(() => db.drop());

  const increase = (on: Statements, id: number) =>
    on.write("items.increase", "UPDATE items SET count = count + 1 WHERE id = ?", [id]);

  async function counts(): Promise<number[]> {
    const [rows] = await db.connection.query<RowDataPacket[]>("SELECT count FROM items ORDER BY id");
    return rows.map((row) => Number(row.count));
  }

  /** Every connection works, and none is inside a transaction. */
  async function assertPoolIntact(): Promise<void> {
    await eventually("no connection in use", () => database.state().used === 0);
    const sql =
      "SELECT COUNT(*) AS number FROM information_schema.innodb_trx JOIN information_schema.processlist p ON p.id = trx_mysql_thread_id WHERE p.db = DATABASE()";
    const [row] = await database.query("open", sql);
    assert.equal(Number(row?.number), 0);
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => database.query("any", "SELECT 1")));
  }

  it("commits everything and returns the result of its work", async () => {
    const result = await database.transaction("both", async (transaction) => {
      await increase(transaction, 1);
      await increase(transaction, 2);
      assert.deepEqual(await counts(), [0, 0], "not visible before the commit");
      const [row] = await transaction.query("items.get", "SELECT count FROM items WHERE id = 1");
      return row?.count;
    });
    assert.equal(result, 1);
    assert.deepEqual(await counts(), [1, 1]);
    await assertPoolIntact();
  });

  it("has rolled back by the time its caller gets the error", async () => {
    const failure = new Error("no");
    const failed = database.transaction("both", async (transaction) => {
      await increase(transaction, 1);
      throw failure;
    });
    await assert.rejects(failed, failure);
    // No wait here: a caller that retries must not run into its own locks.
    assert.equal(database.state().used, 0);
    assert.deepEqual(await counts(), [0, 0]);
    await assertPoolIntact();
  });

  it("rolls back when a statement fails", async () => {
    const failed = database.transaction("both", async (transaction) => {
      await increase(transaction, 1);
      await transaction.write("items.create", "INSERT INTO items VALUES (2, 0)");
    });
    await assert.rejects(failed, { code: "ER_DUP_ENTRY" });
    assert.deepEqual(await counts(), [0, 0]);
    await assertPoolIntact();
  });

  it("runs concurrent statements one after the other", async () => {
    await database.transaction("all", async (transaction) => {
      await Promise.all([1, 2, 1, 2, 1].map((id) => increase(transaction, id)));
    });
    assert.deepEqual(await counts(), [3, 2]);
  });

  it("commits statements that its work did not await", async () => {
    await database.transaction("one", async (transaction) => {
      void increase(transaction, 1);
    });
    assert.deepEqual(await counts(), [1, 0]);
  });

  it("rejects statements after its end", async () => {
    let kept: Statements | undefined;
    await database.transaction("one", async (transaction) => {
      kept = transaction;
    });
    assert.ok(kept !== undefined);
    await assert.rejects(increase(kept, 1), /The transaction has ended/);
    assert.deepEqual(await counts(), [0, 0]);
  });

  it("kills a statement that takes too long, rolls back, and reuses the connection", async () => {
    await database.close();
    database = new Database({ ...options, limit: 1, queryTimeoutMs: 200, url: db.url }, silent);
    const [before] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    await db.connection.query("START TRANSACTION");
    await db.connection.query("UPDATE items SET count = 5 WHERE id = 2");
    const startedAt = performance.now();
    const late = database.transaction("both", async (transaction) => {
      await increase(transaction, 1);
      await increase(transaction, 2);
    });
    await assert.rejects(late, { type: "query_timeout" });
    assert.ok(performance.now() - startedAt < 5000, "rejected before the lock is released");
    await db.connection.query("ROLLBACK");
    const [after] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    assert.equal(after?.id, before?.id);
    assert.deepEqual(await counts(), [0, 0]);
    await eventually("no connection in use", () => database.state().used === 0);
  });

  it("fails after a query timeout even if its work catches it", async () => {
    await database.close();
    database = new Database({ ...options, queryTimeoutMs: 200, url: db.url }, silent);
    const failed = database.transaction("both", async (transaction) => {
      await increase(transaction, 1);
      await transaction.query("busy", busy).catch(() => {});
      await increase(transaction, 2);
    });
    await assert.rejects(failed, { type: "query_timeout" });
    assert.deepEqual(await counts(), [0, 0]);
  });

  it("retries after a deadlock when allowed, until both have succeeded", async () => {
    for (let round = 0; round < 5; round++) await Promise.all([crosswise(1, 2), crosswise(2, 1)]);
    assert.deepEqual(await counts(), [10, 10]);
    await assertPoolIntact();
  });

  it("passes a deadlock on when retries are not allowed", async () => {
    const both = await Promise.allSettled([crosswise(1, 2, false), crosswise(2, 1, false)]);
    const reasons = both.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    assert.deepEqual(reasons, ["ER_LOCK_DEADLOCK"]);
    assert.deepEqual(await counts(), [1, 1]);
    await assertPoolIntact();
  });

  it("runs nothing outside the transaction after a deadlock that its work catches", async () => {
    const careless = (first: number, second: number) =>
      database.transaction("careless", async (transaction) => {
        await increase(transaction, first);
        await sleep(100);
        await increase(transaction, second).catch(() => {});
        await increase(transaction, second);
      });
    const both = await Promise.allSettled([careless(1, 2), careless(2, 1)]);
    assert.equal(both.filter(({ status }) => status === "rejected").length, 1);
    assert.deepEqual((await counts()).toSorted(), [1, 2]);
  });

  async function crosswise(first: number, second: number, retryDeadlocks = true): Promise<void> {
    let tries = 0;
    await database.transaction(
      "crosswise",
      async (transaction) => {
        tries += 1;
        await increase(transaction, first);
        // Makes the first tries deadlock for certain.
        if (tries === 1) await sleep(100);
        await increase(transaction, second);
      },
      { retryDeadlocks },
    );
  }
});

import assert from "node:assert/strict";
import { connectionOptions, withLock } from "../../../src/platform/database/connection.ts";
import { createDatabase } from "../../support/helper.ts";

describe("connectionOptions", () => {
  it("reads and decodes every part of the address", () => {
    const { host, port, user, password, database } = connectionOptions("mysql://us%40er:p%2Fw@[::1]:3307/my%20db");
    assert.deepEqual(
      { host, port, user, password, database },
      { host: "::1", port: 3307, user: "us@er", password: "p/w", database: "my db" },
    );
    assert.equal(connectionOptions("mysql://root@db/shop").port, 3306);
  });
});

describe("withLock", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  after(() => db.drop());

  it("runs one at a time", async () => {
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(db.url, { name: "work", waitS: 5 }, work)));
  });

  it("rejects when the lock stays taken, and releases it when the work fails", async () => {
    await withLock(db.url, { name: "work", waitS: 5 }, () =>
      assert.rejects(
        withLock(db.url, { name: "work", waitS: 0 }, async () => {}),
        /could not get the lock "work" within 0 s/,
      ),
    );
    const failing = async () => {
      throw new Error("no");
    };
    await assert.rejects(withLock(db.url, { name: "work", waitS: 0 }, failing), /^Error: no$/);
    await withLock(db.url, { name: "work", waitS: 1 }, async () => {});
  });

  it("keeps the locks of two databases on one server apart", async () => {
    const other = await createDatabase();
    await withLock(db.url, { name: "work", waitS: 0 }, () =>
      withLock(other.url, { name: "work", waitS: 0 }, async () => {}),
    );
    await other.drop();
  });
});

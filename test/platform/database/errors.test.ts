import assert from "node:assert/strict";
import { Database } from "../../../src/platform/database/database.ts";
import { createDatabase, eventually, silent } from "../../support/helper.ts";

const options = { limit: 1, maxIdle: 1, recycleMs: 60_000, waitMs: 1000, queryTimeoutMs: 5000, slowQueryMs: 5000 };
const breaker = { failures: 3, resetMs: 60_000, probeTimeoutMs: 500 };

describe("an error of the database", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let database: Database;
  before(async () => {
    db = await createDatabase();
    // The server itself sends any number: only the names of those that say "not now" need a proxy or a cluster.
    await db.connection.query("CREATE PROCEDURE fail(number INT) SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number");
  });
  beforeEach(() => {
    database = new Database({ url: db.url, ...options, breaker }, silent);
  });
  afterEach(() => database.close());
  after(() => db.drop());

  const failWith = (number: number) => database.execute("fail", "CALL fail(?)", [number]);

  for (const [number, who] of [
    [1047, "a Galera node outside of its cluster"],
    [1040, "a server without a free connection"],
    [3032, "a server that was taken offline"],
    [1927, "MaxScale without a server behind it"],
    [9001, "ProxySQL without a server behind it, or TiDB without its storage"],
    [9005, "TiDB without a region"],
  ] as const) {
    it(`is database_unavailable and counts for the breaker when ${who} says ${number}`, async () => {
      for (let count = 0; count < breaker.failures; count += 1) {
        await assert.rejects(failWith(number), { type: "database_unavailable", status: 503 });
      }
      await assert.rejects(failWith(number), { type: "breaker_open" });
    });
  }

  it("is no failure of the database when it is about one statement", async () => {
    for (let count = 0; count < 2 * breaker.failures; count += 1) await assert.rejects(failWith(1062), { errno: 1062 });
    assert.equal(database.breakerState, "closed");
  });

  it("is query_timeout when the server's own limit ends the statement", async () => {
    const [row] = await database.query("version", "SELECT VERSION() AS version");
    const endless =
      "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c";
    const sql = String(row?.version).includes("MariaDB")
      ? `SET STATEMENT max_statement_time = 0.05 FOR ${endless}`
      : endless.replace("SELECT", "SELECT /*+ MAX_EXECUTION_TIME(50) */");
    await assert.rejects(database.query("endless", sql), { type: "query_timeout", status: 504 });
  });

  it("is database_unavailable, and no failure of it, when somebody else kills the query", async () => {
    const endless =
      "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c";
    for (let count = 0; count < breaker.failures + 1; count += 1) {
      const [row] = await database.query("id", "SELECT CONNECTION_ID() AS id");
      const killed = assert.rejects(database.query("endless", endless), { type: "database_unavailable", status: 503 });
      await eventually("the query in the server", async () => {
        const [rows] = await db.connection.query(
          "SELECT 1 FROM information_schema.processlist WHERE id = ? AND command = 'Query'",
          [row?.id],
        );
        return Array.isArray(rows) && rows.length > 0;
      });
      await db.connection.query("KILL QUERY ?", [row?.id]);
      await killed;
    }
    assert.equal(database.breakerState, "closed");
  });

  for (const statement of ["SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET autocommit = 0"]) {
    it(`closes the connection on which a statement of ours says ${statement}`, async () => {
      await assert.rejects(database.execute("set", statement), /its connection is closed/);
      const [row] = await database.query("mode", "SELECT @@sql_mode AS mode, @@autocommit AS autocommit, ? AS text", [
        "\\'",
      ]);
      assert.deepEqual([row?.autocommit, row?.text], [1, "\\'"]);
      assert.doesNotMatch(row?.mode, /NO_BACKSLASH_ESCAPES/);
    });
  }

  it("closes the connection on which a procedure turns off autocommit, also one that returns rows", async () => {
    for (const [name, body] of [
      ["quiet_off", "SET autocommit = 0"],
      ["telling_off", "BEGIN SET autocommit = 0; SELECT 1.5 AS one; END"],
    ]) {
      await db.connection.query(`CREATE PROCEDURE ${name}() ${body}`);
      await assert.rejects(database.query("call", `CALL ${name}()`), /its connection is closed/);
      const [row] = await database.query("mode", "SELECT @@autocommit AS autocommit");
      assert.equal(row?.autocommit, 1);
    }
  });

  it("runs nothing more in a transaction whose session was changed", async () => {
    await db.connection.query("CREATE TABLE IF NOT EXISTS notes (text VARCHAR(100))");
    const work = database.transaction("notes", async (transaction) => {
      await transaction.execute("set", "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'").catch(() => {});
      await transaction.execute("insert", "INSERT INTO notes VALUES (?)", ["\\' OR 1=1"]);
    });
    await assert.rejects(work, { type: "database_unavailable" });
    const [rows] = await db.connection.query("SELECT * FROM notes");
    assert.deepEqual(rows, []);
  });
});

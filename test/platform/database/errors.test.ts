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
    // The server can send any error number: no need for the proxies and clusters that send these.
    await db.connection.query("CREATE PROCEDURE fail(number INT) SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number");
  });
  beforeEach(() => {
    database = new Database({ url: db.url, ...options, breaker }, silent);
  });
  afterEach(() => database.close());
  after(() => db.drop());

  const failWith = (number: number) => database.write("fail", "CALL fail(?)", [number]);

  for (const [number, sender] of [
    [1047, "a Galera node outside its cluster"],
    [1040, "a server without a free connection"],
    [3032, "a server that was taken offline"],
    [1927, "MaxScale without a server behind it"],
    [9001, "ProxySQL without a server behind it, or TiDB without its storage"],
    [9005, "TiDB without a region"],
  ] as const) {
    it(`is database_unavailable and counts for the breaker when ${sender} sends ${number}`, async () => {
      for (let count = 0; count < breaker.failures; count += 1) {
        await assert.rejects(failWith(number), { type: "database_unavailable", status: 503 });
      }
      await assert.rejects(failWith(number), { type: "breaker_open" });
    });
  }

  it("does not count as a failure of the database when it concerns one statement", async () => {
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

  it("is database_unavailable without counting for the breaker when somebody else kills the query", async () => {
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
    it(`closes the connection after ${statement}`, async () => {
      await assert.rejects(database.write("set", statement), /its connection is closed/);
      const [row] = await database.query("mode", "SELECT @@sql_mode AS mode, @@autocommit AS autocommit, ? AS text", [
        "\\'",
      ]);
      assert.deepEqual([row?.autocommit, row?.text], [1, "\\'"]);
      assert.doesNotMatch(row?.mode, /NO_BACKSLASH_ESCAPES/);
    });
  }

  it("closes the connection after a procedure turns off autocommit, even one that returns rows", async () => {
    for (const [name, body] of [
      ["quiet_off", "SET autocommit = 0"],
      ["off_with_rows", "BEGIN SET autocommit = 0; SELECT 1.5 AS one; END"],
    ]) {
      await db.connection.query(`CREATE PROCEDURE ${name}() ${body}`);
      await assert.rejects(database.query("call", `CALL ${name}()`), /its connection is closed/);
      const [row] = await database.query("mode", "SELECT @@autocommit AS autocommit");
      assert.equal(row?.autocommit, 1);
    }
  });

  it("runs nothing more in a transaction whose session state was broken", async () => {
    await db.connection.query("CREATE TABLE IF NOT EXISTS notes (text VARCHAR(100))");
    const work = database.transaction("notes", async (transaction) => {
      await transaction.write("set", "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'").catch(() => {});
      await transaction.write("insert", "INSERT INTO notes VALUES (?)", ["\\' OR 1=1"]);
    });
    await assert.rejects(work, { type: "database_unavailable" });
    const [rows] = await db.connection.query("SELECT * FROM notes");
    assert.deepEqual(rows, []);
  });
});

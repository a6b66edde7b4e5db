import assert from "node:assert/strict";
import type { Connection } from "mysql2/promise";
import { pino } from "pino";
import { checkServer } from "../../../src/platform/database/server-check.ts";
import { setGlobals } from "../../hostile/globals.ts";
import { createDatabase, type LogLine } from "../../support/helper.ts";

describe("checkServer", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  after(() => db.drop());

  async function linesOf(
    changes: Partial<Parameters<typeof checkServer>[1]> = {},
    connection: Connection = db.connection,
  ): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    const log = pino(
      { formatters: { level: (level) => ({ level }) } },
      { write: (line: string) => lines.push(JSON.parse(line)) },
    );
    const expected = { url: db.url, limit: 2, replicas: 1, bodyLimitBytes: 1000, production: true, ...changes };
    await checkServer(connection, expected, log);
    return lines;
  }

  it("warns in production of what can lose acknowledged writes, and says it quietly elsewhere", async () => {
    const setBack = await setGlobals(db.connection, { innodb_flush_log_at_trx_commit: "0" });
    try {
      const ofFlush = ({ setting }: LogLine) => setting === "innodb_flush_log_at_trx_commit";
      assert.equal((await linesOf()).find(ofFlush)?.level, "warn");
      assert.equal((await linesOf({ production: false })).find(ofFlush)?.level, "info");
    } finally {
      await setBack();
    }
  });

  it("warns of a database whose tables cannot hold every text", async () => {
    const ofCharset = ({ setting }: LogLine) => setting === "character_set_database";
    await db.connection.query("ALTER DATABASE CHARACTER SET latin1");
    assert.equal((await linesOf()).filter(ofCharset).length, 1);
    await db.connection.query("ALTER DATABASE CHARACTER SET utf8mb4");
    assert.equal((await linesOf()).filter(ofCharset).length, 0);
  });

  it("warns of bodies that do not fit into a statement, and of too few connections", async () => {
    const settings = (await linesOf({ bodyLimitBytes: 2 ** 30, replicas: 10_000 })).map(({ msg }) => msg).join("\n");
    assert.match(settings, /raise max_allowed_packet/);
    assert.match(settings, /raise max_connections/);
    assert.doesNotMatch(JSON.stringify(await linesOf()), /raise/);
  });

  it("warns in production of plain text to a public address, once, without the password", async () => {
    const url = "mysql://user:hunter2@203.0.113.7/shop";
    const ofPlainText = ({ msg }: LogLine) => msg.includes("plain text");
    const lines = (await linesOf({ url })).filter(ofPlainText);
    assert.deepEqual(
      lines.map(({ level, host }) => [level, host]),
      [["warn", "203.0.113.7"]],
    );
    assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
    const without = [
      { url: `${url}?ssl-mode=REQUIRED` },
      { url, production: false },
      ...["10.1.2.3", "127.0.0.1", "[::1]", "192.168.0.9", "[fd00::1]", "localhost"].map((host) => ({
        url: `mysql://u:p@${host}/shop`,
      })),
    ];
    for (const changes of without) assert.deepEqual((await linesOf(changes)).filter(ofPlainText), [], changes.url);
  });

  it("ends the start when the session is not as it was set", async () => {
    await db.connection.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', SESSION time_zone = '+05:30'");
    await assert.rejects(linesOf(), /ignores what was set: sql_mode, time_zone/);
  });
});

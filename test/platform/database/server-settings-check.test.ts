import assert from "node:assert/strict";
import type { Connection } from "mysql2/promise";
import { pino } from "pino";
import { checkServer } from "../../../src/platform/database/server-settings-check.ts";
import { setGlobals } from "../../hostile/globals.ts";
import { createDatabase, type LogLine } from "../../support/helper.ts";

describe("checkServer", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  before(async () => {
    db = await createDatabase();
  });
  after(() => db.drop());

  async function check(
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

  it("warns about settings that can lose acknowledged writes, at info outside production", async () => {
    const restore = await setGlobals(db.connection, { innodb_flush_log_at_trx_commit: "0" });
    try {
      const isAboutFlush = ({ setting }: LogLine) => setting === "innodb_flush_log_at_trx_commit";
      assert.equal((await check()).find(isAboutFlush)?.level, "warn");
      assert.equal((await check({ production: false })).find(isAboutFlush)?.level, "info");
    } finally {
      await restore();
    }
  });

  it("warns about a database whose tables cannot store all text", async () => {
    const isAboutCharset = ({ setting }: LogLine) => setting === "character_set_database";
    await db.connection.query("ALTER DATABASE CHARACTER SET latin1");
    assert.equal((await check()).filter(isAboutCharset).length, 1);
    await db.connection.query("ALTER DATABASE CHARACTER SET utf8mb4");
    assert.equal((await check()).filter(isAboutCharset).length, 0);
  });

  it("warns about bodies that do not fit in a statement, and about too few connections", async () => {
    const warnings = (await check({ bodyLimitBytes: 2 ** 30, replicas: 10_000 })).map(({ msg }) => msg).join("\n");
    assert.match(warnings, /raise max_allowed_packet/);
    assert.match(warnings, /raise max_connections/);
    assert.doesNotMatch(JSON.stringify(await check()), /raise/);
  });

  it("warns once about an unencrypted connection to a public address in production, without the password", async () => {
    const url = "mysql://user:hunter2@203.0.113.7/shop";
    const isAboutEncryption = ({ msg }: LogLine) => msg.includes("not encrypted");
    const lines = (await check({ url })).filter(isAboutEncryption);
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
    for (const changes of without) assert.deepEqual((await check(changes)).filter(isAboutEncryption), [], changes.url);
  });

  it("aborts the startup when the session ignores our settings", async () => {
    await db.connection.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', SESSION time_zone = '+05:30'");
    await assert.rejects(check(), /ignores our settings: sql_mode, time_zone/);
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createDatabase, eventually, root, spawnService } from "../support/helper.ts";
import { copyProject } from "./project-copy.ts";

const command = ["--import", "./test/support/replace-domains.js", "scripts/migrate.ts"];

async function migrate(url: string | undefined, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...(url && { MYSQL_URL: url }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await once(child, "close");
  return { code: child.exitCode, output };
}

describe("npm run migrate", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  beforeEach(async () => {
    db = await createDatabase();
  });
  afterEach(() => db.drop());

  it("shows what is pending, runs it, and then has nothing to do", async () => {
    const before = await migrate(db.url, "status");
    assert.match(before.output, /^pending +fixture\/2000-01-01-01-items\.ts$/m);
    const up = await migrate(db.url, "up");
    assert.equal(up.code, 0, up.output);
    assert.match(up.output, /^migrated +fixture\/2000-01-01-01-items\.ts$/m);
    assert.match((await migrate(db.url, "status")).output, /^20\S+Z +fixture\/2000-01-01-01-items\.ts$/m);
    assert.match((await migrate(db.url, "status")).output, / 0 pending\n$/);
    assert.equal((await migrate(db.url, "up")).output, "nothing to do\n");
  });

  for (const [args, reason] of [
    [[], /^usage: /],
    [["down"], /^usage: /],
    [["up", "now"], /^usage: /],
    [["new"], /^usage: /],
    [["new", "Add price"], /is not a name/],
    [["new", "add-price", "--domain", "none"], /^--domain takes one of: /],
  ] as const) {
    it(`refuses "${args.join(" ")}" in one line`, async () => {
      const { code, output } = await migrate(db.url, ...args);
      assert.equal(code, 1);
      assert.match(output, reason);
      assert.equal(output.trimEnd().split("\n").length, 1, output);
    });
  }

  it("names MYSQL_URL when it is missing or malformed", async () => {
    for (const url of ["", "http://host/db"]) {
      const { code, output } = await migrate(url, "status");
      assert.equal(code, 1);
      assert.match(output, /^MYSQL_URL/);
    }
  });

  it("writes a new migration that runs last", async () => {
    const copy = await copyProject();
    try {
      const { code, output } = await copy.node(...command, "new", "add-price", "--domain", "fixture");
      assert.equal(code, 0, output);
      const [path = ""] = output.split("\n");
      assert.match(path, /^test\/support\/fixture\/migrations\/\d{4}-\d\d-\d\d-\d\d-add-price\.ts$/);
      assert.match(
        await readFile(`${copy.folder}/${path}`, "utf8"),
        /export async function up\(connection: Connection\)/,
      );
    } finally {
      await copy.remove();
    }
  });
});

describe("MIGRATE_ON_START=off", () => {
  const env = { MIGRATE_ON_START: "off", OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" };

  it("leaves the schema alone, and is not ready until the migrations have run", async () => {
    const db = await createDatabase();
    const service = await spawnService({ ...env, MYSQL_URL: db.url }, undefined, "listening");
    const status = async () => (await fetch(`${service.url}/health/ready`)).status;
    const line = await eventually("a warning", () => service.log().find(({ msg }) => msg.includes("pending")));
    assert.deepEqual([line.level, await status()], ["warn", 503]);
    assert.ok(Array.isArray(line.pending) && line.pending.includes("fixture/2000-01-01-01-items.ts"));
    const [tables] = await db.connection.query("SHOW TABLES");
    assert.deepEqual(tables, []);
    assert.equal((await migrate(db.url, "up")).code, 0);
    await eventually("readiness", async () => (await status()) === 200);
    assert.equal(await service.stop(), 0);
    await db.drop();
  });

  it("stops when it is told to while it waits", async () => {
    const db = await createDatabase();
    const service = await spawnService({ ...env, MYSQL_URL: db.url }, undefined, "listening");
    await eventually("a warning", () => service.log().find(({ msg }) => msg.includes("pending")));
    assert.equal(await service.stop(), 0);
    await db.drop();
  });
});

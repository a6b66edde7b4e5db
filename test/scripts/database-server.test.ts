// Real servers, of the kinds that this machine has: on PATH, and from the system's packages once they have been downloaded.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { Binaries } from "../../scripts/bootstrap/database/binaries.js";
import { binariesOnPath } from "../../scripts/bootstrap/database/on-path.js";
import { cachedBinaries } from "../../scripts/bootstrap/database/packages.js";
import { startServer } from "../../scripts/bootstrap/database/server.js";
import { claimFolder } from "../../scripts/bootstrap/database/stale.js";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { isAlive } from "../../scripts/bootstrap/pid.js";

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), serviceName);
const { signal } = new AbortController();

async function query(url: string, statement: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(statement);
    return rows;
  } finally {
    await connection.end();
  }
}

function databaseServer(title: string, find: () => Promise<Binaries | undefined>) {
  describe(`database server ${title}`, () => {
    let binaries: Binaries;
    let keepIn: string;

    before(async function () {
      const found = await find().catch(() => undefined);
      if (found === undefined) return this.skip();
      binaries = found;
    });
    beforeEach(async () => {
      keepIn = await mkdtemp(join(tmpdir(), "keep-"));
    });
    afterEach(() => rm(keepIn, { recursive: true }));

    const open = (folder: string | undefined) =>
      startServer(binaries, { cache, keepIn: folder, signal, keeper: undefined });

    it("responds on a private port with utf8mb4, and leaves no process or file behind", async () => {
      const { url, child } = await open(undefined);
      assert(child.pid);
      const rows = await query(
        url,
        "SELECT VERSION() AS version, @@character_set_database AS charset, @@socket AS socket",
      );
      const text = JSON.stringify(rows);
      assert(text.includes(binaries.edition.version), text);
      assert(text.includes("utf8mb4"), text);
      const socket = /"socket":"([^"]+)"/.exec(text)?.[1] ?? "";
      assert(existsSync(socket));
      await child.stop();
      assert.equal(isAlive(child.pid), false);
      assert.equal(existsSync(join(socket, "..")), false);
    });

    it("runs twice at once", async () => {
      const both = await Promise.all([open(undefined), open(undefined)]);
      assert.notEqual(both[0].port, both[1].port);
      await Promise.all(both.map(({ child }) => child.stop()));
    });

    it("keeps its data for the next start, in a folder per kind and series", async () => {
      const first = await open(keepIn);
      await query(first.url, "CREATE TABLE kept (id INT PRIMARY KEY)");
      await first.child.stop();
      const second = await open(keepIn);
      assert.deepEqual(await query(second.url, "SELECT COUNT(*) AS count FROM kept"), [{ count: 0 }]);
      await second.child.stop();
      const { kind, major, minor } = binaries.edition;
      assert(existsSync(join(keepIn, `${kind}-${major}.${minor}`, "data")));
    });

    it("is stopped by the next start when a killed run left it on the data", async () => {
      const left = await open(keepIn);
      const { kind, major, minor } = binaries.edition;
      // pretends that the run that started it is gone, with a pid that no process has
      await writeFile(join(keepIn, `${kind}-${major}.${minor}`, "owner.pid"), "0\n");
      const next = await open(keepIn);
      await left.child.exited;
      assert(left.child.hasEnded());
      await query(next.url, "SELECT 1");
      await next.child.stop();
    });
  });
}

databaseServer("from PATH", () => binariesOnPath(process.env));
databaseServer("from unpacked packages", () => cachedBinaries(cache, process.env));

describe("data folder of a killed run", () => {
  it("is claimed without touching an unrelated process with the pid in the pid file", async () => {
    const home = await mkdtemp(join(tmpdir(), "claim-"));
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      await once(bystander, "spawn");
      await mkdir(join(home, "data"));
      await writeFile(join(home, "server.pid"), `${bystander.pid}\n`);
      await claimFolder(home, join(home, "data"));
      assert.equal(bystander.exitCode, null);
      assert.equal(bystander.signalCode, null);
    } finally {
      bystander.kill();
      await rm(home, { recursive: true });
    }
  });
});

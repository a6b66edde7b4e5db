// Tests that other callers are not affected when one caller's URLs have names whose DNS servers never answer. The service
// runs in a mount namespace with its own resolv.conf, which points to a silent DNS server.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { paths } from "../support/fixture/routes.ts";
import { createDatabase, eventually, spawnService, testCommand, token } from "../support/helper.ts";

const silentAddress = "127.0.0.9";
const slowNames = 24;

/** Node arguments that start the service with `path` mounted over /etc/resolv.conf. */
function commandWith(path: string): string[] {
  const script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';
  const args = ["unshare", "-m", "sh", "-c", script, "sh", path, process.execPath, ...testCommand];
  const become = `process.execve("/usr/bin/unshare", ${JSON.stringify(args)}, process.env)`;
  return ["--disable-warning=ExperimentalWarning", "--eval", become];
}

describe("names that never answer", function () {
  this.timeout(120_000);
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let service: Awaited<ReturnType<typeof spawnService>>;
  let folder: string;
  const server = createSocket("udp4");
  let questions = 0;

  before(async function () {
    // Needs root on Linux.
    if (spawnSync("unshare", ["-m", "true"]).status !== 0) return this.skip();
    server.on("message", () => {
      questions += 1;
    });
    server.bind(53, silentAddress);
    await once(server, "listening");
    folder = mkdtempSync(join(tmpdir(), "names-"));
    const path = join(folder, "resolv.conf");
    writeFileSync(path, `nameserver ${silentAddress}\n`);
    db = await createDatabase();
    const url = new URL(db.url);
    url.hostname = "localhost";
    const env = { MYSQL_URL: url.href, ADMISSION_LIMIT: "100", BREAKER_FAILURES: "1000", LOG_LEVEL: "warn" };
    service = await spawnService({ ...env, FIXTURE_ITEMS: "100", LOG_LEVEL: "info" }, commandWith(path));
  });
  after(async () => {
    await service?.stop();
    await db?.drop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
    server.close();
  });

  it("do not delay other callers' database connections, which need lookups too", async () => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const calls: string[] = [];
    for (let index = 0; index < slowNames; index++) {
      const body = JSON.stringify({ name: "Call me", url: `http://${index}.slow.example/` });
      const created = await fetch(service.url + paths.items, { method: "POST", headers, body });
      const { id } = z.object({ id: z.number() }).parse(await created.json());
      calls.push(`${service.url}${paths.items}/${id}/calls`);
    }
    const running = calls.map((url) => fetch(url, { method: "POST", headers }));
    await eventually("the lookups to start", () => questions > 0);
    const [connections] = await db.connection.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    );
    for (const { id } of connections) await db.connection.query(`KILL ${id}`).catch(() => {});
    const startedAt = performance.now();
    const others = await Promise.all(
      Array.from({ length: 10 }, async () => (await fetch(service.url + paths.item, { headers })).status),
    );
    const tookMs = Math.round(performance.now() - startedAt);
    const statuses = await Promise.all(running.map(async (answer) => (await answer).status));
    console.log(`      ${connections.length} connections killed; ten requests of others took ${tookMs} ms`);
    assert.deepEqual([...new Set(others)], [200]);
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    assert.ok(
      statuses.every((status) => status >= 500),
      statuses.join(),
    );
  });
});

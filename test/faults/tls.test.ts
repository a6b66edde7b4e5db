// Encrypted connections to the database: each ssl-mode keeps its promise or refuses to connect.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { openConnection } from "../../src/platform/database/connection.ts";
import { Database } from "../../src/platform/database/database.ts";
import { silent, spawnService } from "../support/helper.ts";
import { type Certificate, Certificates } from "./certificates.ts";
import { Victim } from "./victim.ts";

const limits = { limit: 1, maxIdle: 1, recycleMs: 60_000, waitMs: 2000, queryTimeoutMs: 100, slowQueryMs: 1000 };
const busy =
  "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c";

describe("an encrypted database", () => {
  let folder: string;
  let certificates: Certificates;
  let ours: Certificate;
  let others: Certificate;
  let victim: Victim;
  let admin: Connection;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tls-"));
    certificates = new Certificates(folder);
    ours = certificates.authority("ours");
    others = certificates.authority("others");
    const { cert, key } = certificates.issue("server", "localhost", ours);
    const serverOptions = [`--ssl-ca=${ours.cert}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
    victim = await Victim.start({ serverOptions, mount: folder });
    admin = await openConnection(victim.directUrl);
  });
  after(async () => {
    await admin.end();
    await victim.stop();
    await rm(folder, { recursive: true });
  });

  function urlWith(parts: Record<string, string>, user?: string): string {
    const url = new URL(victim.directUrl);
    url.hostname = "localhost";
    if (user !== undefined) url.username = url.password = user;
    url.search = new URLSearchParams(parts).toString();
    return url.href;
  }

  async function cipherOf(connection: Connection): Promise<string> {
    const [[row]] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_cipher'");
    return String(row?.Value);
  }

  async function cipherWith(parts: Record<string, string>, user?: string): Promise<string> {
    const connection = await openConnection(urlWith(parts, user));
    try {
      return await cipherOf(connection);
    } finally {
      connection.destroy();
    }
  }

  it("gets unencrypted connections only without ssl-mode or with DISABLED", async () => {
    assert.equal(await cipherWith({}), "");
    assert.equal(await cipherWith({ "ssl-mode": "DISABLED" }), "");
    assert.notEqual(await cipherWith({ "ssl-mode": "REQUIRED" }), "");
    assert.notEqual(await cipherWith({ "ssl-mode": "VERIFY_CA", "ssl-ca": ours.cert }), "");
    assert.notEqual(await cipherWith({ "ssl-mode": "VERIFY_IDENTITY", "ssl-ca": ours.cert }), "");
  });

  it("gets encrypted connections from the pool and for killing queries", async () => {
    await admin.query("CREATE USER secret IDENTIFIED BY 'secret' REQUIRE SSL");
    await admin.query("GRANT ALL ON *.* TO secret");
    const database = new Database({ url: urlWith({ "ssl-mode": "REQUIRED" }, "secret"), ...limits }, silent);
    const [before] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    await assert.rejects(database.query("busy", busy), { type: "query_timeout" });
    const [after] = await database.query("id", "SELECT CONNECTION_ID() AS id");
    await database.close();
    // The same connection, so its query was killed.
    assert.equal(after?.id, before?.id);
    await assert.rejects(cipherWith({}, "secret"), { code: "ER_ACCESS_DENIED_ERROR" });
  });

  for (const mode of ["VERIFY_CA", "VERIFY_IDENTITY"]) {
    it(`is refused with ${mode} when another CA signed its certificate`, async () => {
      await assert.rejects(cipherWith({ "ssl-mode": mode, "ssl-ca": others.cert }), { code: "HANDSHAKE_SSL_ERROR" });
      await assert.rejects(cipherWith({ "ssl-mode": mode }), { code: "HANDSHAKE_SSL_ERROR" });
    });
  }

  it("is refused with VERIFY_IDENTITY when its certificate is for another host", async () => {
    certificates.issue("server", "elsewhere.example.com", ours);
    await admin.query(victim.isMariaDb ? "FLUSH SSL" : "ALTER INSTANCE RELOAD TLS");
    await assert.rejects(cipherWith({ "ssl-mode": "VERIFY_IDENTITY", "ssl-ca": ours.cert }), {
      code: "HANDSHAKE_SSL_ERROR",
    });
    assert.notEqual(await cipherWith({ "ssl-mode": "VERIFY_CA", "ssl-ca": ours.cert }), "");
  });

  it("gets the client's certificate", async () => {
    await admin.query("CREATE USER certified IDENTIFIED BY 'certified' REQUIRE X509");
    const { cert, key } = certificates.issue("client", "client.example.com", ours);
    const parts = { "ssl-mode": "VERIFY_CA", "ssl-ca": ours.cert };
    await assert.rejects(cipherWith(parts, "certified"), { code: "ER_ACCESS_DENIED_ERROR" });
    await admin.query("GRANT ALL ON *.* TO certified");
    assert.notEqual(await cipherWith({ ...parts, "ssl-cert": cert, "ssl-key": key }, "certified"), "");
  });

  const quiet = { OTEL_SDK_DISABLED: "true" };
  it("that requires encryption works with REQUIRED, and causes one fatal line without", async () => {
    await admin.query("SET GLOBAL require_secure_transport = ON");
    const encrypted = await spawnService({ ...quiet, MYSQL_URL: urlWith({ "ssl-mode": "REQUIRED" }) });
    const answer = await fetch(`${encrypted.url}/health/ready`);
    await encrypted.stop();
    const plain = await spawnService({ ...quiet, MYSQL_URL: urlWith({}) });
    const code = await plain.exited;
    await admin.query("SET GLOBAL require_secure_transport = OFF");
    assert.equal(answer.status, 200);
    assert.equal(code, 1);
    const fatal = plain.log().filter(({ level }) => level === "fatal");
    assert.deepEqual(
      fatal.map(({ msg }) => msg),
      ["could not prepare the database"],
    );
    assert.match(JSON.stringify(fatal), victim.isMariaDb ? /ER_ACCESS_DENIED_ERROR/ : /ER_SECURE_TRANSPORT_REQUIRED/);
  });

  it("aborts the startup with one fatal line when its certificate is not trusted", async () => {
    const service = await spawnService({
      ...quiet,
      MYSQL_URL: urlWith({ "ssl-mode": "VERIFY_CA", "ssl-ca": others.cert }),
    });
    assert.equal(await service.exited, 1);
    assert.match(JSON.stringify(service.log().filter(({ level }) => level === "fatal")), /HANDSHAKE_SSL_ERROR/);
  });

  it("is refused when it does not support encryption", async () => {
    const without = await Victim.start({ serverOptions: [victim.isMariaDb ? "--skip-ssl" : "--tls-version="] });
    try {
      const url = new URL(without.directUrl);
      url.search = "ssl-mode=REQUIRED";
      await assert.rejects(openConnection(url.href), { code: "HANDSHAKE_NO_SSL_SUPPORT" });
    } finally {
      await without.stop();
    }
  });
});

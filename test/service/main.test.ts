import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { RowDataPacket } from "mysql2/promise";
import { withLock } from "../../src/platform/database/connection.ts";
import { Link } from "../faults/link.ts";
import {
  addressOf,
  createDatabase,
  eventually,
  freePort,
  type LogLine,
  root,
  spawnService,
  testCommand,
  uncaughtOnSignal,
} from "../support/helper.ts";

const withoutTelemetry = { OTEL_SDK_DISABLED: "true" };
/** For tests that hold a lock for a while. */
const patient = {
  DB_QUERY_TIMEOUT_MS: "30000",
  DEADLINE_MS: "50000",
  SLOW_QUERY_MS: "20000",
  SLOW_REQUEST_MS: "20000",
};

describe("the process", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  beforeEach(async () => {
    db = await createDatabase();
  });
  afterEach(() => db.drop());

  it("exits with one line when a variable is invalid", async () => {
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, DB_POOL_LIMIT: "many" });
    assert.equal(await service.exited, 1);
    assert.equal(
      service.errors(),
      'DB_POOL_LIMIT: got "many", takes a whole number from 1 to 1000 (maximum number of open connections)\n',
    );
    assert.deepEqual(service.log(), []);
  });

  it("exits with one line when PUBLIC_ROUTES names an unknown route", async () => {
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, PUBLIC_ROUTES: "GET /api/nothing" });
    assert.equal(await service.exited, 1);
    assert.match(service.errors(), /^PUBLIC_ROUTES: no route is "GET \/api\/nothing"; there are: .*\n$/);
  });

  it("waits for an unavailable database, warns once, and serves soon after it is back", async () => {
    const link = await Link.to(db.url);
    await link.refuse();
    const service = await spawnListening({ MYSQL_URL: link.through(db.url) });
    await eventually("the warning", () => service.log().some((line) => line.level === "warn"));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const get = (path: string) => fetch(service.url + path);
    assert.equal((await get("/health/live")).status, 200);
    assert.equal((await get("/health/ready")).status, 503);
    assert.equal(Reflect.get(Object(await (await get("/health")).json()), "status"), "unhealthy");
    const refused = await get("/api/fixture/items");
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assert.equal(Reflect.get(Object(await refused.json()), "type"), "database_unavailable");
    assert.equal((await get("/nothing")).status, 404);

    await link.restore();
    await eventually("readiness", async () => (await get("/health/ready")).status === 200);
    assert.equal((await get("/api/fixture/items")).status, 200);
    assert.equal(await service.stop(), 0);
    const messages = service.log().filter((line) => /^database (un)?available/.test(line.msg));
    assert.deepEqual(
      messages.map(({ level, msg }) => [level, msg]),
      [
        ["warn", "database unavailable: waiting for it, not ready until then"],
        ["info", "database available"],
      ],
    );
    link.close();
  });

  it("exits cleanly and at once when stopped while it waits for the database", async () => {
    const port = await freePort();
    const env = { MYSQL_URL: `mysql://root@127.0.0.1:${port}/shop`, SHUTDOWN_DELAY_MS: "60000" };
    const service = await spawnListening(env);
    await eventually("the warning", () => service.log().some((line) => line.level === "warn"));
    assert.equal(await service.stop(), 0);
    assertStopped(service.log());
  });

  it("exits cleanly when stopped while another replica migrates", async () => {
    await withLock(db.url, { name: "migrations", waitS: 1 }, async () => {
      const service = await spawnListening({ MYSQL_URL: db.url });
      const sql = "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE info LIKE 'SELECT GET_LOCK%'";
      await eventually("its wait for the lock", async () => {
        const [[row]] = await db.connection.query<RowDataPacket[]>(`${sql} AND db = DATABASE()`);
        return Number(row?.number) === 1;
      });
      assert.equal(await service.stop(), 0);
      assertStopped(service.log());
    });
  });

  it("exits with one line when the database refuses its password", async () => {
    const url = new URL(db.url);
    url.password = "wrong";
    url.username = "nobody";
    const service = await spawnListening({ MYSQL_URL: url.href });
    assert.equal(await service.exited, 1);
    const problems = service.log().filter((line) => ["warn", "error", "fatal"].includes(line.level));
    assert.deepEqual(
      problems.map((line) => line.msg),
      ["could not prepare the database"],
    );
    assert.doesNotMatch(JSON.stringify(service.log()), /wrong/);
  });

  it("warns when all replicas may open more connections than the database accepts", async () => {
    const env = { ...withoutTelemetry, MYSQL_URL: db.url };
    const many = await spawnService({ ...env, REPLICAS: "1000" });
    const [warning, ...more] = many.log().filter((line) => line.level === "warn");
    assert.match(warning?.msg ?? "", /lower DB_POOL_LIMIT or raise max_connections/);
    assert.equal(warning?.needed, 16_000);
    assert.deepEqual(more, []);
    assert.equal(await many.stop(), 0);
    const one = await spawnService(env);
    assert.equal(await one.stop(), 0);
    assert.deepEqual(
      one.log().filter((line) => line.level === "warn"),
      [],
    );
  });

  function spawnListening(env: Record<string, string>) {
    return spawnService({ ...withoutTelemetry, ...env }, undefined, "listening");
  }

  it("says which variables to change when the port is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    assert.ok(typeof address === "object" && address !== null);
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, PORT: String(address.port) });
    assert.equal(await service.exited, 1);
    assert.match(service.log().at(-1)?.msg ?? "", /HOST and PORT/);
    taken.close();
  });

  it("migrates once when several replicas start together, and seeds once", async () => {
    const env = { ...withoutTelemetry, MYSQL_URL: db.url, FIXTURE_ITEMS: "3000" };
    const replicas = await Promise.all([spawnService(env), spawnService(env), spawnService(env)]);
    for (const replica of replicas) assert.equal((await fetch(`${replica.url}/health/ready`)).status, 200);
    const lines = replicas.flatMap((replica) => replica.log());
    const migrated = lines.flatMap((line) => (line.msg === "migrated" ? [String(line.migration)] : []));
    assert.deepEqual(migrated, [...new Set(migrated)]);
    assert.deepEqual(
      migrated.filter((migration) => migration.startsWith("fixture/")),
      ["fixture/2000-01-01-01-items.ts", "fixture/2000-01-01-02-calls.ts"],
    );
    const [[row]] = await db.connection.query<RowDataPacket[]>("SELECT COUNT(*) AS number FROM fixture_items");
    assert.equal(row?.number, 3000);
    assert.deepEqual(await Promise.all(replicas.map((replica) => replica.stop())), [0, 0, 0]);
  });

  it("finishes running requests when stopped, then exits", async () => {
    const service = await spawnService({
      ...withoutTelemetry,
      MYSQL_URL: db.url,
      ...patient,
    });
    await db.connection.query("LOCK TABLES fixture_items WRITE");
    const paths = Array.from({ length: 10 }, (_, index) => `/api/fixture/items?search=nothing${index}`);
    const running = Promise.all(paths.map((path) => fetch(service.url + path)));
    await eventually("10 queries that wait for the lock", async () => (await waitingQueries()) === 10);
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    await assert.rejects(fetch(`${service.url}/health/live`));
    await db.connection.query("UNLOCK TABLES");
    for (const answer of await running) {
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("connection"), "close");
    }
    assert.equal(await service.exited, 0);
    assertStopped(service.log());
  });

  it("kills the queries of a disconnected client even during shutdown", async () => {
    const service = await spawnService({
      ...withoutTelemetry,
      MYSQL_URL: db.url,
      ...patient,
      LOG_LEVEL: "info",
    });
    await db.connection.query("LOCK TABLES fixture_items WRITE");
    const leaving = new AbortController();
    const gone = fetch(`${service.url}/api/fixture/items?count=true`, { signal: leaving.signal });
    await eventually("2 queries that wait for the lock", async () => (await waitingQueries()) === 2);
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    leaving.abort();
    await assert.rejects(gone);
    await eventually("no query in the server", async () => (await waitingQueries()) === 0);
    await db.connection.query("UNLOCK TABLES");
    assert.equal(await service.exited, 0);
    assertStopped(service.log());
  });

  it("exits in time although a request does not finish", async () => {
    const service = await spawnService({
      ...withoutTelemetry,
      MYSQL_URL: db.url,
      ...patient,
      SHUTDOWN_TIMEOUT_MS: "300",
    });
    await db.connection.query("LOCK TABLES fixture_items WRITE");
    const cut = assert.rejects(fetch(`${service.url}/api/fixture/items`));
    await eventually("a query that waits for the lock", async () => (await waitingQueries()) === 1);
    const startedAt = performance.now();
    await service.stop();
    assert.ok(performance.now() - startedAt < 10_000);
    await cut;
    await db.connection.query("UNLOCK TABLES");
  });

  for (const [reason, later] of [
    ["when stopped", undefined],
    ["after an uncaught error", uncaughtOnSignal],
  ] as const) {
    it(`exits in time ${reason}, although a request does not finish and the collector never answers`, async () => {
      const held: Socket[] = [];
      const collector = createServer((socket) => held.push(socket.on("error", () => {}))).listen(0, "127.0.0.1");
      await once(collector, "listening");
      const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: addressOf(collector.address()), OTEL_LOGS_EXPORTER: "otlp" };
      const env = { ...endpoint, SHUTDOWN_TIMEOUT_MS: "3000" };
      const entry = later === undefined ? testCommand : ["--import", later, ...testCommand];
      const service = await spawnService({ ...patient, ...env, MYSQL_URL: db.url }, entry);
      await db.connection.query("LOCK TABLES fixture_items WRITE");
      const cut = assert.rejects(fetch(`${service.url}/api/fixture/items?search=nothing`));
      await eventually("a query that waits for the lock", async () => (await waitingQueries()) === 1);
      if (later === undefined) service.child.kill("SIGTERM");
      else service.child.kill("SIGUSR2");
      await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
      const startedAt = performance.now();
      assert.equal(await service.exited, later === undefined ? 0 : 1);
      const ms = performance.now() - startedAt;
      assert.ok(ms < 9000, `${ms} ms`);
      assert.ok(held.length > 0, "it tried to send telemetry");
      await cut;
      await db.connection.query("UNLOCK TABLES");
      for (const socket of held) socket.destroy();
      collector.close();
    });
  }

  it("exits when npm is stopped, and leaves no process behind", async () => {
    const port = await freePort();
    const child = spawn("npm", ["start"], {
      cwd: root,
      env: {
        ...process.env,
        ...withoutTelemetry,
        APP_ENV: "development",
        HOST: "127.0.0.1",
        PORT: String(port),
        MYSQL_URL: db.url,
        SHUTDOWN_DELAY_MS: "0",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    const ready = () => fetch(`http://127.0.0.1:${port}/health/ready`).then(({ ok }) => ok);
    await eventually("readiness", () => ready().catch(() => false));
    child.kill("SIGTERM");
    // Its output stays open as long as any process can write to it.
    await once(child, "close");
    assert.match(output, /"msg":"stopped"/);
    assert.equal(child.exitCode, 0);
    await assert.rejects(ready());
  });

  it("keeps serving for a while, not ready, so that a load balancer can move away", async () => {
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, SHUTDOWN_DELAY_MS: "3000" });
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    assert.equal((await fetch(`${service.url}/health/ready`)).status, 503);
    const answer = await fetch(`${service.url}/api/fixture/items`);
    assert.deepEqual([answer.status, answer.headers.get("connection")], [200, "close"]);
    assert.equal(await service.exited, 0);
  });

  it("serves health and metrics on ADMIN_PORT only, until the drain ends", async () => {
    const adminPort = String(await freePort());
    const env = { ...withoutTelemetry, ...patient, MYSQL_URL: db.url, ADMIN_PORT: adminPort };
    const service = await spawnService(env);
    const endpoints = ["/health", "/health/live", "/health/ready", "/metrics"];
    const statuses = (url: string, paths: string[]) =>
      Promise.all(paths.map(async (path) => (await fetch(url + path)).status));
    const adminUrl = `http://127.0.0.1:${adminPort}`;
    assert.deepEqual(await statuses(adminUrl, endpoints), [200, 200, 200, 200]);
    assert.deepEqual(await statuses(service.url, endpoints), [404, 404, 404, 404]);
    const routes = ["/", "/api/fixture/items"];
    assert.deepEqual(await statuses(adminUrl, routes), [404, 404]);
    assert.deepEqual(await statuses(service.url, routes), [404, 200]);

    await db.connection.query("LOCK TABLES fixture_items WRITE");
    const running = fetch(`${service.url}/api/fixture/items?search=nothing`);
    await eventually("a query that waits for the lock", async () => (await waitingQueries()) === 1);
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    await assert.rejects(fetch(service.url));
    assert.deepEqual(await statuses(adminUrl, endpoints), [200, 200, 503, 200]);
    await db.connection.query("UNLOCK TABLES");
    assert.equal((await running).status, 200);
    assert.equal(await service.exited, 0);
    await assert.rejects(fetch(adminUrl));
  });

  it("says which variable to change when the port for health and metrics is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const port = new URL(addressOf(taken.address())).port;
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, ADMIN_PORT: port });
    assert.equal(await service.exited, 1);
    assert.match(service.log().at(-1)?.msg ?? "", /ADMIN_PORT/);
    taken.close();
  });

  it("exits at once on a second signal", async () => {
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, SHUTDOWN_DELAY_MS: "60000" });
    service.child.kill("SIGTERM");
    await eventually("the shutdown to begin", () => service.log().some((line) => line.msg === "stopping"));
    service.child.kill("SIGTERM");
    assert.equal(await service.exited, 1);
    assert.equal(service.log().at(-1)?.msg, "exiting at once");
  });

  it("logs an uncaught error, drains, and exits with 1", async () => {
    const entry = ["--import", "./src/telemetry.ts", "--import", uncaughtOnSignal, "src/main.ts"];
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url }, entry);
    service.child.kill("SIGUSR2");
    assert.equal(await service.exited, 1);
    const messages = new Set(service.log().map((line) => line.msg));
    for (const message of ["unhandledRejection", "stopping", "stopped"]) assert.ok(messages.has(message), message);
  });

  it("rejects headers that never end or are too large", async () => {
    const env = { SERVER_HEADERS_TIMEOUT_MS: "300", SERVER_MAX_HEADER_BYTES: "2048" };
    const service = await spawnService({ ...withoutTelemetry, MYSQL_URL: db.url, ...env });
    const slow = connect(Number(new URL(service.url).port), "127.0.0.1");
    slow.write("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    const [first] = await once(slow, "data");
    assert.match(String(first), /^HTTP\/1\.1 408 /);
    const large = await fetch(service.url, { headers: { "x-large": "x".repeat(4000) } });
    assert.equal(large.status, 431);
    assert.equal((await fetch(`${service.url}/health/live`)).status, 200);
    await service.stop();
  });

  async function waitingQueries(): Promise<number> {
    const sql =
      "SELECT COUNT(*) AS number FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting%'";
    const [[row]] = await db.connection.query<RowDataPacket[]>(sql);
    return Number(row?.number);
  }
});

/** Asserts an orderly shutdown. The last lines may arrive in a different order. */
function assertStopped(log: readonly LogLine[]): void {
  const messages = log.map(({ msg }) => msg);
  for (const msg of ["stopping", "stopped"]) assert.ok(messages.includes(msg), `"${msg}" among ${messages.join(", ")}`);
  assert.deepEqual(
    log.filter(({ level }) => level === "error" || level === "fatal"),
    [],
  );
}

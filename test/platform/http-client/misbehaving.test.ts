// What a client sees when the service that a request calls misbehaves, and what ours leaves behind.
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import type { RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import { eventually, freePort, startService, token } from "../../support/helper.ts";
import { closed, dependency, endlessly, ok, unanswering } from "./dependency.ts";

const timeoutMs = 800;
const limitBytes = 65_536;
const env = {
  OUTBOUND_TIMEOUT_MS: String(timeoutMs),
  OUTBOUND_CONNECT_TIMEOUT_MS: "150",
  OUTBOUND_MAX_RESPONSE_BYTES: String(limitBytes),
};
/** Within the size limit while compressed, far beyond it once decompressed. */
const bomb = gzipSync(Buffer.alloc(50_000_000));
const problemResponse = z.looseObject({ type: z.string(), status: z.number(), detail: z.string().optional() });
type Service = Awaited<ReturnType<typeof startService>>;

async function itemFor(service: Service, url: string): Promise<string> {
  const created = await service.call("POST", "/api/fixture/items", { name: "Call me", url });
  assert.equal(created.status, 201);
  return created.headers.get("location") ?? "";
}

/** Calls `url`. Returns the response, its duration, the recorded call, and how many calls of the item succeeded. */
async function call(service: Service, url: string) {
  const path = await itemFor(service, url);
  const startedAt = performance.now();
  const response = await service.call("POST", `${path}/calls`);
  const tookMs = performance.now() - startedAt;
  const body: unknown = await response.json();
  const [[row]] = await service.db.connection.query<RowDataPacket[]>(
    "SELECT status, finished, calls AS succeeded FROM fixture_calls JOIN fixture_items i ON i.id = item_id WHERE i.id = ?",
    [path.split("/").at(-1)],
  );
  return { response, body, tookMs, row: { ...row } };
}

describe("a called service that misbehaves", () => {
  let service: Service;
  before(async () => {
    service = await startService({ env });
  });
  after(() => service.stop());

  async function failsWith(type: string, url: string): Promise<void> {
    const { response, body, tookMs, row } = await call(service, url);
    const problem = problemResponse.parse(body);
    assert.equal(problem.type, type);
    assert.equal(response.status, problem.status);
    assert.ok(tookMs < 10 * timeoutMs, `${tookMs} ms`);
    assert.deepEqual(row, { status: null, finished: 1, succeeded: 0 });
  }

  const behaviours: [string, string, (socket: Socket) => void][] = [
    ["hangs before its response", "outbound_timeout", () => {}],
    ["hangs in the headers", "outbound_timeout", (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-")],
    [
      "hangs in the body",
      "outbound_timeout",
      (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
    ],
    [
      "sends one byte at a time",
      "outbound_timeout",
      (socket) => {
        const bytes = Array.from("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n".padEnd(500, "x")).values();
        const timer = setInterval(() => socket.write(bytes.next().value ?? "x"), 5);
        socket.once("close", () => clearInterval(timer));
      },
    ],
    [
      "resets in the headers",
      "dependency_failed",
      (socket) => socket.write("HTTP/1.1 2", () => socket.resetAndDestroy()),
    ],
    [
      "closes in the body",
      "dependency_failed",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
    ],
    ["speaks another protocol", "dependency_failed", (socket) => socket.write("220 mail.example.com ESMTP\r\n")],
    [
      "announces 10 GB",
      "dependency_failed",
      (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n"),
    ],
    [
      "sends 50 MB compressed to 50 kB",
      "dependency_failed",
      (socket) => {
        const head = `content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\nconnection: close`;
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
        socket.end(bomb);
      },
    ],
  ];

  for (const [behaviour, type, behave] of behaviours) {
    it(`fails with ${type} when it ${behaviour}, and its connection is closed`, async () => {
      const target = await dependency(behave);
      await failsWith(type, target.url);
      await closed(target);
      assert.equal(target.connections(), 1, "a POST is not sent twice");
      await target.stop();
    });
  }

  it("fails with dependency_failed when it refuses connections", async () => {
    await failsWith("dependency_failed", `http://127.0.0.1:${await freePort()}`);
  });

  it("fails with outbound_timeout when it does not accept connections, and no socket is left", async () => {
    const target = await unanswering();
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    // The test's own connection to the service opens here at the latest.
    await itemFor(service, target.url);
    const before = sockets();
    await failsWith("outbound_timeout", target.url);
    await eventually("the socket to close", () => sockets() <= before);
    await target.stop();
  });

  it("fails with breaker_open after five failures in a row, without affecting other services", async () => {
    const down = `http://127.0.0.1:${await freePort()}`;
    for (let failure = 0; failure < 5; failure++) await failsWith("dependency_failed", down);
    await failsWith("breaker_open", down);
    const target = await dependency((socket) => ok(socket));
    assert.equal((await call(service, target.url)).response.status, 201);
    await target.stop();
  });

  it("fails with dependency_failed when its response never ends, without using up memory", async () => {
    const times = { OUTBOUND_TIMEOUT_MS: "20000", DEADLINE_MS: "30000" };
    const patient = await startService({ env: { ...env, ...times, BREAKER_FAILURES: "100", ADMISSION_LIMIT: "16" } });
    const target = await dependency((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      endlessly(socket, Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536), Buffer.from("\r\n")]));
    });
    const path = await itemFor(patient, target.url);
    const before = process.memoryUsage.rss();
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    }, 2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => patient.call("POST", `${path}/calls`)));
    clearInterval(watch);
    await patient.stop();
    for (const answer of answers) assert.equal(problemResponse.parse(await answer.json()).type, "dependency_failed");
    await closed(target);
    // Includes what sits in socket buffers and is never read.
    assert.ok(target.written() < 8 * 10_000_000, `${target.written()} bytes written`);
    assert.ok(peak < 100_000_000, `${peak} bytes more`);
    await target.stop();
  });

  it("does not get its redirects followed", async () => {
    const elsewhere = await dependency((socket) => ok(socket));
    const target = await dependency((socket) =>
      socket.write(`HTTP/1.1 307 Away\r\nlocation: ${elsewhere.url}/inside\r\ncontent-length: 0\r\n\r\n`),
    );
    const { response, row } = await call(service, target.url);
    assert.equal(response.status, 201);
    assert.deepEqual(row, { status: 307, finished: 1, succeeded: 0 });
    assert.equal(elsewhere.connections(), 0);
    await target.stop();
    await elsewhere.stop();
  });

  it("does not hold up a request whose deadline passes or whose client disconnects", async () => {
    const patient = await startService({ env: { OUTBOUND_TIMEOUT_MS: "20000", DEADLINE_MS: "30000" } });
    const target = await dependency(() => {});
    const path = await itemFor(patient, target.url);
    const headers = { authorization: `Bearer ${token}` };
    const late = await fetch(`${patient.url}${path}/calls`, {
      method: "POST",
      headers: { ...headers, "x-request-timeout-ms": "100" },
    });
    assert.equal(problemResponse.parse(await late.json()).type, "deadline_exceeded");
    await closed(target);
    const leaving = new AbortController();
    const left = fetch(`${patient.url}${path}/calls`, { method: "POST", headers, signal: leaving.signal });
    await eventually("the call", () => target.open.size === 1);
    const startedAt = performance.now();
    leaving.abort();
    await assert.rejects(left);
    await closed(target);
    assert.ok(performance.now() - startedAt < 15_000, "ends when the client disconnects, not at the limit");
    await patient.stop();
    await target.stop();
  });
});

describe("a called URL that is not on the public internet", () => {
  let service: Service;
  before(async () => {
    // Loopback is not allowed, as in production.
    service = await startService({ env: { ...env, OUTBOUND_ALLOW_PRIVATE: "192.0.2.1" } });
  });
  after(() => service.stop());

  it("is rejected when it is saved, as far as its URL shows it", async () => {
    const input = { name: "Inside" };
    const path = await itemFor(service, "https://hooks.example.com/x");
    for (const url of [
      "http://127.0.0.1/x",
      "http://2130706433/x",
      "http://0x7f.1/x",
      "http://[::1]/x",
      "http://[::ffff:a9fe:a9fe]/latest/meta-data",
      "http://user:password@hooks.example.com/",
    ]) {
      for (const answer of [
        await service.call("POST", "/api/fixture/items", { ...input, url }),
        await service.call("PATCH", path, { url }),
      ]) {
        const problem = z
          .looseObject({ type: z.string(), errors: z.array(z.object({ field: z.string(), message: z.string() })) })
          .parse(await answer.json());
        assert.equal(problem.type, "invalid_request", url);
        assert.equal(problem.errors[0]?.field, "url");
        assert.match(problem.errors[0]?.message ?? "", /^It must (be on the public internet|not contain a user name)/);
      }
    }
  });

  it("is not called when its name resolves to such an address: 422 with the reason but not the address", async () => {
    const target = await dependency((socket) => ok(socket));
    const { port } = new URL(target.url);
    const { response, body, row } = await call(service, `http://localhost:${port}/hooks`);
    assert.equal(response.status, 422);
    const problem = problemResponse.parse(body);
    assert.equal(problem.type, "destination_refused");
    assert.equal(problem.detail, "It must be on the public internet");
    assert.doesNotMatch(JSON.stringify(body), /127|::1|localhost/);
    assert.equal(response.headers.get("retry-after"), null);
    assert.deepEqual(row, { status: null, finished: 1, succeeded: 0 });
    assert.equal(target.connections(), 0);
    await target.stop();
  });

  it("is not called when it was saved before the policy existed", async () => {
    const restricted = await startService({ items: 1, env: { ...env, OUTBOUND_ALLOW_PRIVATE: "192.0.2.1" } });
    const answer = await restricted.call("POST", "/api/fixture/items/1/calls");
    assert.equal(problemResponse.parse(await answer.json()).type, "destination_refused");
    await restricted.stop();
  });
});

// What a client of the service sees when the webhook that it runs misbehaves, and what is left of it afterwards.
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
/** Of a size that is read, and of one that is not once it is inflated. */
const bomb = gzipSync(Buffer.alloc(50_000_000));
const problemAnswer = z.looseObject({ type: z.string(), status: z.number(), detail: z.string().optional() });
type Service = Awaited<ReturnType<typeof startService>>;

async function automation(service: Service, webhookUrl: string): Promise<string> {
  const created = await service.call("POST", "/api/automations", { name: "Run me", category: "data", webhookUrl });
  assert.equal(created.status, 201);
  return created.headers.get("location") ?? "";
}

/** Runs an automation with this webhook: the answer, how long it took, and what was recorded. */
async function run(service: Service, webhookUrl: string) {
  const path = await automation(service, webhookUrl);
  const startedAt = performance.now();
  const response = await service.call("POST", `${path}/runs`);
  const tookMs = performance.now() - startedAt;
  const body: unknown = await response.json();
  const [[row]] = await service.db.connection.query<RowDataPacket[]>(
    "SELECT status, webhook_status, finished_at IS NOT NULL AS finished FROM automation_runs WHERE automation_id = ?",
    [path.split("/").at(-1)],
  );
  return { response, body, tookMs, row: { ...row } };
}

describe("a webhook that misbehaves", () => {
  let service: Service;
  before(async () => {
    service = await startService({ env });
  });
  after(() => service.stop());

  async function failsWith(type: string, webhookUrl: string): Promise<void> {
    const { response, body, tookMs, row } = await run(service, webhookUrl);
    const problem = problemAnswer.parse(body);
    assert.equal(problem.type, type);
    assert.equal(response.status, problem.status);
    assert.ok(tookMs < timeoutMs + 1000, `${tookMs} ms`);
    assert.deepEqual(row, { status: "failed", webhook_status: null, finished: 1 });
  }

  const behaviours: [string, string, (socket: Socket) => void][] = [
    ["hangs before its answer", "outbound_timeout", () => {}],
    ["hangs in the headers", "outbound_timeout", (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-")],
    [
      "hangs in the body",
      "outbound_timeout",
      (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
    ],
    [
      "answers one byte at a time",
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
    ["speaks something else", "dependency_failed", (socket) => socket.write("220 mail.example.com ESMTP\r\n")],
    [
      "announces 10 GB, before it sends them",
      "dependency_failed",
      (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n"),
    ],
    [
      "answers with 50 MB in 50 kB",
      "dependency_failed",
      (socket) => {
        const head = `content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\nconnection: close`;
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`);
        socket.end(bomb);
      },
    ],
  ];

  for (const [what, type, behave] of behaviours) {
    it(`is ${type} when it ${what}, and its connection is closed`, async () => {
      const there = await dependency(behave);
      await failsWith(type, there.url);
      await closed(there);
      assert.equal(there.connections(), 1, "a POST is not sent twice");
      await there.stop();
    });
  }

  it("is dependency_failed when it refuses connections", async () => {
    await failsWith("dependency_failed", `http://127.0.0.1:${await freePort()}`);
  });

  it("is outbound_timeout when it does not accept connections, and no attempt is left", async () => {
    const there = await unanswering();
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    // The test's own connection to the service opens here at the latest.
    await automation(service, there.url);
    const before = sockets();
    await failsWith("outbound_timeout", there.url);
    await eventually("the attempt is over", () => sockets() <= before, 2000);
    await there.stop();
  });

  it("is breaker_open after it failed five times in a row, until it is tried again; others are not concerned", async () => {
    const down = `http://127.0.0.1:${await freePort()}`;
    for (let failure = 0; failure < 5; failure++) await failsWith("dependency_failed", down);
    const startedAt = performance.now();
    await failsWith("breaker_open", down);
    assert.ok(performance.now() - startedAt < 500);
    const there = await dependency((socket) => ok(socket));
    assert.equal((await run(service, there.url)).response.status, 201);
    await there.stop();
  });

  it("is dependency_failed when it never stops answering, and takes no memory", async () => {
    const patient = await startService({ env: { ...env, BREAKER_FAILURES: "100", ADMISSION_LIMIT: "16" } });
    const there = await dependency((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      endlessly(socket, Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536), Buffer.from("\r\n")]));
    });
    const path = await automation(patient, there.url);
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    }, 2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => patient.call("POST", `${path}/runs`)));
    clearInterval(watch);
    await patient.stop();
    for (const answer of answers) assert.equal(problemAnswer.parse(await answer.json()).type, "dependency_failed");
    await closed(there);
    // What the sockets' buffers hold is written too, though nobody reads it.
    assert.ok(there.written() < 8 * 10_000_000, `${there.written()} bytes were taken`);
    assert.ok(most < 100_000_000, `${most} bytes more`);
    await there.stop();
  });

  it("is not followed when it redirects", async () => {
    const elsewhere = await dependency((socket) => ok(socket));
    const there = await dependency((socket) =>
      socket.write(`HTTP/1.1 307 Away\r\nlocation: ${elsewhere.url}/inside\r\ncontent-length: 0\r\n\r\n`),
    );
    const { response, row } = await run(service, there.url);
    assert.equal(response.status, 201);
    assert.deepEqual(row, { status: "failed", webhook_status: 307, finished: 1 });
    assert.equal(elsewhere.connections(), 0);
    await there.stop();
    await elsewhere.stop();
  });

  it("does not hold what ends before: the request's own time, or its client", async () => {
    const there = await dependency(() => {});
    const path = await automation(service, there.url);
    const headers = { authorization: `Bearer ${token}` };
    const late = await fetch(`${service.url}${path}/runs`, {
      method: "POST",
      headers: { ...headers, "x-request-timeout-ms": "100" },
    });
    assert.equal(problemAnswer.parse(await late.json()).type, "deadline_exceeded");
    await closed(there);
    const leaving = new AbortController();
    const left = fetch(`${service.url}${path}/runs`, { method: "POST", headers, signal: leaving.signal });
    await eventually("the call", () => there.open.size === 1);
    const startedAt = performance.now();
    leaving.abort();
    await assert.rejects(left);
    await closed(there);
    assert.ok(performance.now() - startedAt < timeoutMs - 200, "it ends when the client has gone, not at the limit");
    await there.stop();
  });
});

describe("a webhook that is not on the public internet", () => {
  let service: Service;
  before(async () => {
    // As in production: loopback is not allowed.
    service = await startService({ env: { ...env, OUTBOUND_ALLOW_PRIVATE: "192.0.2.1" } });
  });
  after(() => service.stop());

  it("is refused when it is set, as far as its URL tells", async () => {
    const input = { name: "Inside", category: "data" };
    const path = await automation(service, "https://hooks.example.com/x");
    for (const webhookUrl of [
      "http://127.0.0.1/x",
      "http://2130706433/x",
      "http://0x7f.1/x",
      "http://[::1]/x",
      "http://[::ffff:a9fe:a9fe]/latest/meta-data",
      "http://user:password@hooks.example.com/",
    ]) {
      for (const answer of [
        await service.call("POST", "/api/automations", { ...input, webhookUrl }),
        await service.call("PATCH", path, { webhookUrl }),
      ]) {
        const problem = z
          .looseObject({ type: z.string(), errors: z.array(z.object({ field: z.string(), message: z.string() })) })
          .parse(await answer.json());
        assert.equal(problem.type, "invalid_request", webhookUrl);
        assert.equal(problem.errors[0]?.field, "webhookUrl");
        assert.match(problem.errors[0]?.message ?? "", /^It must (be on the public internet|not have a user name)/);
      }
    }
  });

  it("is not called when its name stands for such an address: 422, which says why and not where", async () => {
    const there = await dependency((socket) => ok(socket));
    const { port } = new URL(there.url);
    const { response, body, row } = await run(service, `http://localhost:${port}/hooks`);
    assert.equal(response.status, 422);
    const problem = problemAnswer.parse(body);
    assert.equal(problem.type, "destination_refused");
    assert.equal(problem.detail, "It must be on the public internet");
    assert.doesNotMatch(JSON.stringify(body), /127|::1|localhost/);
    assert.equal(response.headers.get("retry-after"), null);
    assert.deepEqual(row, { status: "failed", webhook_status: null, finished: 1 });
    assert.equal(there.connections(), 0);
    await there.stop();
  });

  it("is not called when it was set before the policy was", async () => {
    const own = await startService({ automations: 1, env: { ...env, OUTBOUND_ALLOW_PRIVATE: "192.0.2.1" } });
    const answer = await own.call("POST", "/api/automations/1/runs");
    assert.equal(problemAnswer.parse(await answer.json()).type, "destination_refused");
    await own.stop();
  });
});

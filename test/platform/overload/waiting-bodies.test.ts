// Slow uploads on the real service must hold up nobody but their senders.
import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { connect, Socket } from "node:net";
import Koa from "koa";
import { serviceName } from "../../../scripts/bootstrap/package.js";
import { signDevelopmentToken } from "../../../src/platform/auth/development-token.ts";
import type { Context, RequestState, Route } from "../../../src/platform/http/types.ts";
import { WaitingBodies } from "../../../src/platform/overload/waiting-bodies.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { exchange, outcomeOf } from "../../hostile/raw-http.ts";
import { eventually, secret, startService, token } from "../../support/helper.ts";
import { publicRoute } from "../../support/public-route.ts";

const good = JSON.stringify({ name: "A", url: "http://127.0.0.1:9/" });

/** The head of a POST and the start of its body. `bytes` is the announced length; undefined means chunked. */
function upload(bytes: number | undefined, start: string, credentials = `Authorization: Bearer ${token}`): string {
  const length = bytes === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${bytes}`;
  const head = ["POST /api/fixture/items HTTP/1.1", "Host: x", credentials, "Content-Type: application/json", length];
  const chunk = bytes === undefined ? `${start.length.toString(16)}\r\n${start}\r\n` : start;
  return `${head.join("\r\n")}\r\n\r\n${chunk}`;
}

const another = "X-API-Key: development-key";
const signing = { secret, issuer: serviceName, audience: serviceName };
const third = `Authorization: Bearer ${await signDevelopmentToken(signing, { subject: "third", ttlS: 3600 })}`;

describe("waiting bodies", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  let sockets: Socket[];
  beforeEach(() => {
    sockets = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await service.stop();
  });

  function send(text: string): { socket: Socket; answer: () => string } {
    let answer = "";
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1").on("error", () => {});
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.write(text);
    sockets.push(socket);
    return { socket, answer: () => answer };
  }

  const statusOf = (answer: string) => answer.split(" ")[1];

  it("hold no slot while they arrive: 20 stalled uploads do not hold up other requests", async () => {
    service = await startService({ items: 10, env: { DEADLINE_MS: "5000" } });
    const slow = Array.from({ length: 20 }, () => send(upload(500, "{")));
    const statuses = new Set<number>();
    const startedAt = performance.now();
    while (performance.now() - startedAt < 1000) {
      const some = await Promise.all(Array.from({ length: 5 }, () => service.call("GET", "/api/fixture/items")));
      for (const { status } of some) statuses.add(status);
      await Promise.all(some.map((response) => response.arrayBuffer()));
    }
    assert.deepEqual([...statuses], [200]);
    assert.ok((await service.call("POST", "/api/fixture/items", JSON.parse(good))).ok);
    const ended = await eventually("an answer to each", () => slow.every(({ answer }) => answer() !== ""));
    assert.ok(ended);
    for (const { answer } of slow) assert.match(answer(), /^HTTP\/1\.1 504 [\s\S]*deadline_exceeded/);
  });

  it("count as the phase receive and are read to the end", async () => {
    service = await startService();
    const startedAt = performance.now();
    const { socket, answer } = send(upload(good.length, good.slice(0, 5)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.write(good.slice(5));
    await eventually("an answer", () => answer() !== "");
    assert.equal(statusOf(answer()), "201");
    const ms = Number(/server-timing:.*receive;dur=([\d.]+)/i.exec(answer())?.[1]);
    assert.ok(ms > 250 && ms < performance.now() - startedAt, `${ms} ms in ${answer()}`);
    const ownMs = Number(/server-timing:.*own;dur=([\d.]+)/i.exec(answer())?.[1] ?? 0);
    assert.ok(ownMs < ms, answer());
  });

  it("are limited to 100, and 50 per caller; the next is refused unread and its connection stays usable", async () => {
    service = await startService({ env: { DEADLINE_MS: "60000" } });
    const waiting = Array.from({ length: 50 }, () => send(upload(500, "{")));
    await eventually("a refusal of the one caller", async () => {
      const { socket, answer } = send(upload(500, "{"));
      await eventually("any answer, or none", () => answer() !== "", 1000).catch(() => {});
      return /queue_full/.test(answer()) || (socket.destroy() && false);
    });
    waiting.push(...Array.from({ length: 50 }, () => send(upload(500, "{", another))));
    await eventually("a refusal", async () => {
      const { socket, answer } = send(upload(500, "{", third));
      await eventually("any answer, or none", () => answer() !== "", 1000).catch(() => {});
      if (answer() === "") return socket.destroy() && false;
      assert.match(answer(), /^HTTP\/1\.1 503 [\s\S]*Retry-After[\s\S]*queue_full/i);
      socket.write(`${good.padEnd(499)}GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n`);
      await eventually("the next answer", () => /HTTP\/1\.1 200 [\s\S]*alive/.test(answer()));
      return true;
    });
    assert.ok(
      waiting.every(({ answer }) => answer() === ""),
      "bodies that were admitted earlier keep waiting",
    );
    for (const { socket } of waiting) socket.destroy();
    await eventually("room again", async () => (await service.call("POST", "/api/fixture/items", JSON.parse(good))).ok);
  });

  it("are limited to 16 MiB in total, by their announced length, or the body limit without one", async () => {
    service = await startService({ env: { DEADLINE_MS: "60000", BODY_LIMIT_BYTES: String(6_000_000) } });
    const first = [send(upload(5_900_000, "{")), send(upload(undefined, "{", another))];
    // Answered after the service has read what came before it: the third upload must not take the room of these two.
    await service.call("GET", "/health/live");
    await eventually("a refusal", async () => {
      const { socket, answer } = send(upload(5_900_000, "{", third));
      await eventually("any answer, or none", () => answer() !== "", 1000).catch(() => {});
      if (answer() === "") return socket.destroy() && false;
      return /^HTTP\/1\.1 503 [\s\S]*queue_full/.test(answer());
    });
    assert.ok((await service.call("POST", "/api/fixture/items", JSON.parse(good))).ok, "a small one still has room");
    assert.deepEqual(
      first.map(({ answer }) => answer()),
      ["", ""],
    );
  });

  it("stop counting once their requests have slots", async () => {
    const end = Promise.withResolvers<void>();
    let running = 0;
    const hold: Route = {
      method: "POST",
      path: "/held",
      public: true,
      async handle(ctx) {
        running += 1;
        await end.promise;
        ctx.status = 204;
      },
    };
    service = await startService({ env: { ADMISSION_LIMIT: "200", DEADLINE_MS: "20000" }, routes: () => [hold] });
    const held = Array.from({ length: 100 }, () => service.call("POST", "/held", {}));
    await eventually("100 running requests", () => running === 100);
    assert.equal((await service.call("POST", "/api/fixture/items", JSON.parse(good))).status, 201);
    end.resolve();
    assert.deepEqual(new Set((await Promise.all(held)).map(({ status }) => status)), new Set([204]));
  });

  it("are refused unread while the queue is full, and without credentials", async () => {
    const free = Promise.withResolvers<void>();
    service = await startService({
      env: { ADMISSION_LIMIT: "1", ADMISSION_WAITING: "0", DEADLINE_MS: "30000" },
      routes: () => [publicRoute("/busy", () => free.promise)],
    });
    const busy = fetch(`${service.url}/busy`);
    await eventually("no slot", async () => (await service.call("GET", "/api/fixture/items/1")).status === 503);
    const startedAt = performance.now();
    const refused = await exchange(service.url, upload(500, "{"), { endAfterMs: 500 });
    // The 400 answers the connection that ends in the middle of a body.
    assert.equal(outcomeOf(refused), "503 queue_full, 400");
    const stranger = await exchange(service.url, upload(500, "{", "X-Nobody: 1"), { endAfterMs: 500 });
    assert.equal(outcomeOf(stranger), "401 unauthenticated, 400");
    assert.ok(performance.now() - startedAt < 20_000, "neither waits for the rest of its body");
    free.resolve();
    await busy;
  });
});

describe("WaitingBodies", () => {
  it("counts refusals, and releases a body once even when told twice", () => {
    const refused: unknown[] = [];
    let refusal: Problem | undefined;
    const bodies = new WaitingBodies({
      queue: {
        throwIfRefusing() {
          if (refusal !== undefined) throw refusal;
        },
      },
      countRefusal: (error, priority) => {
        refused.push([error instanceof Problem ? error.type : error, priority]);
        return error;
      },
      limit: 2,
      limitBytes: 100,
    });
    const reserve = (bytes: number, caller: string) => bodies.reserve(context(caller), bytes);
    const releaseLarge = reserve(500, "a");
    assert.throws(() => reserve(1, "b"), { type: "queue_full" });
    releaseLarge();
    releaseLarge();
    const releases = [reserve(60, "a"), reserve(40, "b")];
    assert.throws(() => reserve(0, "c"), { type: "queue_full" });
    releases[0]?.();
    assert.throws(() => reserve(1, "b"), { type: "queue_full" }, "a caller may have one of two bodies");
    assert.throws(() => reserve(61, "a"), { type: "queue_full" });
    refusal = new Problem("shed");
    assert.throws(() => reserve(1, "a"), { type: "shed" });
    assert.deepEqual(refused, [
      ["queue_full", "high"],
      ["queue_full", "high"],
      ["queue_full", "high"],
      ["queue_full", "high"],
      ["shed", "high"],
    ]);
  });
});

function context(subject: string): Context {
  const request = new IncomingMessage(new Socket());
  const ctx = new Koa<RequestState>().createContext<RequestState>(request, new ServerResponse(request));
  ctx.state.route = { method: "POST", path: "/", priority: "high", handle() {} };
  ctx.state.subject = subject;
  return ctx;
}

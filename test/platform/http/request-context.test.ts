import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import Koa from "koa";
import { enforceDeadline } from "../../../src/platform/http/enforce-deadline.ts";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { requestContext } from "../../../src/platform/http/request-context.ts";
import type { Context, RequestState } from "../../../src/platform/http/types.ts";
import { admission } from "../../../src/platform/overload/admission.ts";
import { AdmissionQueue } from "../../../src/platform/overload/admission-queue.ts";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { currentDeadline, withoutDeadline } from "../../../src/platform/request/scope.ts";
import { addressOf, eventually, silent } from "../../support/helper.ts";

const none = { high: 0, normal: 0, low: 0 };

describe("request context and admission", () => {
  let server: Server;
  let url: string;
  let queue: AdmissionQueue;
  let handler: (ctx: Context) => unknown;
  let handled: number;

  async function start({ deadlineMs = 60_000, limit = 2, maxWaiting = 2000, waitMs = 50_000 } = {}): Promise<void> {
    queue = new AdmissionQueue({ limit, maxWaiting, waitMs, newestFirstAfterMs: 100 });
    handled = 0;
    const app = new Koa<RequestState>();
    app
      .use(requestContext(deadlineMs, new LoopStalls()))
      .use(problemDetails(silent))
      .use(enforceDeadline)
      .use(admission(queue));
    app.use(async (ctx) => {
      handled += 1;
      ctx.body = { answer: (await handler(ctx)) ?? "done" };
    });
    server = createServer(app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = addressOf(server.address());
  }

  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const get = (headers: Record<string, string> = {}, signal: AbortSignal | null = null) =>
    fetch(url, { headers, signal });
  const typeOf = async (response: Response) => Reflect.get(Object(await response.json()), "type");

  it("keeps a well-formed request id and replaces any other", async () => {
    await start();
    handler = () => {};
    assert.equal((await get({ "x-request-id": "order-17_a.b" })).headers.get("x-request-id"), "order-17_a.b");
    for (const id of ["", "a b", "é", "x".repeat(129), '"><script>']) {
      const answered = (await get({ "x-request-id": encodeURI(id) === id ? id : "a b" })).headers.get("x-request-id");
      assert.match(answered ?? "", /^[0-9a-f-]{36}$/);
    }
  });

  it("responds at the deadline while the handler keeps its slot until it ends", async () => {
    await start({ deadlineMs: 100 });
    const end = Promise.withResolvers<void>();
    handler = () => end.promise;
    const response = await get();
    assert.equal(response.status, 504);
    assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.equal(await typeOf(response), "deadline_exceeded");
    assert.equal(queue.state().running.normal, 1);
    end.resolve();
    await eventually("the release of the slot", () => queue.state().running.normal === 0);
  });

  it("responds within 50 ms of the deadline, whether the server or the client set it", async () => {
    await start({ deadlineMs: 300, limit: 20 });
    const end = Promise.withResolvers<void>();
    handler = () => end.promise;
    await get({ "x-request-timeout-ms": "1" });
    const cases: [deadlineMs: number, headers: Record<string, string>][] = [
      [300, {}],
      [300, { "x-request-timeout-ms": "5000" }],
      [120, { "x-request-timeout-ms": "120" }],
    ];
    for (const [deadlineMs, headers] of cases) {
      // The best of five, because a busy machine only adds to it.
      const tookMs: number[] = [];
      for (let time = 0; time < 5; time++) {
        const startedAt = performance.now();
        assert.equal((await get(headers)).status, 504);
        tookMs.push(performance.now() - startedAt);
      }
      const leastMs = Math.min(...tookMs);
      assert.ok(leastMs >= deadlineMs - 2 && leastMs <= deadlineMs + 50, `${deadlineMs}: ${tookMs} ms`);
    }
    end.resolve();
  });

  it("drops the error of a handler that fails after the deadline", async () => {
    await start({ deadlineMs: 50 });
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const end = Promise.withResolvers<void>();
    handler = () => end.promise;
    assert.equal((await get()).status, 504);
    end.reject(new Error("too late"));
    await eventually("the release of the slot", () => queue.state().running.normal === 0);
    await sleep(20);
    process.off("unhandledRejection", listen);
    assert.deepEqual(unhandled, []);
  });

  it("lets the client lower the deadline but not raise it, and ignores a malformed header", async () => {
    await start({ deadlineMs: 30_000 });
    handler = () => currentDeadline()?.remainingMs();
    const remaining = async (header: string) =>
      Number(Reflect.get(Object(await (await get({ "x-request-timeout-ms": header })).json()), "answer"));
    const lowered = await remaining("10000");
    assert.ok(lowered > 0 && lowered <= 10_000, `${lowered}`);
    for (const header of ["60000", "abc", "-1", "1e2", "", "0x10", "9999999999"]) {
      const left = await remaining(header);
      assert.ok(left > 10_000 && left <= 30_000, `${header}: ${left}`);
    }
  });

  it("passes the deadline down to nested code, but not to work that outlives the request", async () => {
    await start();
    handler = async (ctx) => {
      await sleep(1);
      assert.equal(currentDeadline(), ctx.state.deadline);
      await withoutDeadline(async () => {
        await sleep(1);
        assert.equal(currentDeadline(), undefined);
      });
    };
    assert.equal((await get()).status, 200);
    assert.equal(currentDeadline(), undefined);
  });

  it("keeps the deadlines of concurrent requests apart", async () => {
    await start({ limit: 50 });
    handler = async (ctx) => {
      for (let round = 0; round < 5; round++) {
        await sleep(1);
        assert.equal(currentDeadline(), ctx.state.deadline);
      }
    };
    const answers = await Promise.all(Array.from({ length: 50 }, () => get()));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size, 50);
  });

  it("never runs the handler of a client that disconnects while waiting, and frees its place at once", async () => {
    await start({ limit: 1 });
    const end = Promise.withResolvers<void>();
    handler = () => end.promise;
    const running = get();
    await eventually("a running request", () => handled === 1);
    const leaving = new AbortController();
    const gone = Array.from({ length: 500 }, () => get({}, leaving.signal).catch(() => "gone"));
    await eventually("500 waiting requests", () => queue.state().queued.normal === 500);
    leaving.abort();
    assert.deepEqual(new Set(await Promise.all(gone)), new Set(["gone"]));
    await eventually("no waiting request", () => queue.state().queued.normal === 0);
    end.resolve();
    assert.equal((await running).status, 200);
    assert.equal(handled, 1);
    assert.deepEqual(queue.state(), { limit: 1, running: none, queued: none });
  });

  it("aborts the handler's signal when the client disconnects, and leaks no timer in 1,000 requests", async () => {
    await start({ limit: 1000, deadlineMs: 60_000 });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const reasons: unknown[] = [];
    handler = ({ state: { deadline } }) =>
      new Promise<void>((resolve) => {
        deadline.signal.addEventListener("abort", () => {
          reasons.push(Reflect.get(Object(deadline.signal.reason), "type"));
          resolve();
        });
      });
    const timersBefore = timers();
    for (let round = 0; round < 10; round++) {
      const leaving = new AbortController();
      const gone = Array.from({ length: 100 }, () => get({}, leaving.signal).catch(() => "gone"));
      await eventually("100 running requests", () => queue.state().running.normal === 100);
      leaving.abort();
      await Promise.all(gone);
      await eventually("no running request", () => queue.state().running.normal === 0);
    }
    assert.equal(reasons.length, 1000);
    assert.deepEqual(new Set(reasons), new Set(["client_closed"]));
    handler = () => {};
    for (let number = 0; number < 20; number++) await get();
    await eventually("no more timers than before", () => timers() <= timersBefore + 2);
  });

  it("refuses with a problem and Retry-After in whole seconds", async () => {
    await start({ limit: 1, maxWaiting: 1, waitMs: 3000 });
    const end = Promise.withResolvers<void>();
    handler = () => end.promise;
    const running = get();
    await eventually("a running request", () => handled === 1);
    const waiting = get();
    await eventually("a waiting request", () => queue.state().queued.normal === 1);
    const full = await get();
    const timedOut = await waiting;
    for (const [response, type] of [
      [full, "queue_full"],
      [timedOut, "queue_timeout"],
    ] as const) {
      assert.equal(response.status, 503);
      assert.match(response.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
      assert.equal(await typeOf(response), type);
    }
    end.resolve();
    assert.equal((await running).status, 200);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import Koa from "koa";
import { enforceDeadline } from "../../../src/platform/http/enforce-deadline.ts";
import { whenEnded, whenHandedOver } from "../../../src/platform/http/hooks.ts";
import { jsonBody } from "../../../src/platform/http/json-body.ts";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { requestContext } from "../../../src/platform/http/request-context.ts";
import type { Context, RequestState } from "../../../src/platform/http/types.ts";
import { admission } from "../../../src/platform/overload/admission.ts";
import { AdmissionQueue } from "../../../src/platform/overload/admission-queue.ts";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { addressOf, eventually, silent } from "../../support/helper.ts";

describe("enforceDeadline", () => {
  let server: Server;
  let queue: AdmissionQueue;
  let statusAtClose: number | undefined;

  async function start(deadlineMs: number, handler: (ctx: Context) => Promise<void>): Promise<void> {
    queue = new AdmissionQueue({ limit: 2, maxWaiting: 10, waitMs: 5000, newestFirstAfterMs: 100 });
    const app = new Koa<RequestState>();
    app.use(async function telemetry(ctx, next) {
      whenHandedOver(ctx, () => {
        statusAtClose = ctx.res.statusCode;
      });
      await next();
    });
    app.use(requestContext(deadlineMs, new LoopStalls())).use(problemDetails(silent)).use(enforceDeadline);
    app.use(admission(queue)).use(jsonBody(1000)).use(handler);
    server = createServer(app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
  }

  afterEach(() => {
    statusAtClose = undefined;
    server.close();
    server.closeAllConnections();
  });

  const client = (request: string) => {
    const socket = connect(Number(new URL(addressOf(server.address())).port), "127.0.0.1").on("error", () => {});
    socket.write(request);
    return socket.setEncoding("utf8");
  };

  /** Resolves the given number of microtasks after the deadline. */
  async function afterDeadline(ctx: Context, microtasks: number): Promise<void> {
    await once(ctx.state.deadline.signal, "abort");
    for (let index = 0; index < microtasks; index++) await undefined;
  }

  it("sends either the problem or the handler's late response, never a mix of both", async () => {
    let microtasks = 0;
    await start(20, async (ctx) => {
      await afterDeadline(ctx, microtasks);
      ctx.body = { fallback: true };
    });
    for (; microtasks < 20; microtasks++) {
      const response = await fetch(addressOf(server.address()));
      assert.equal("fallback" in Object(await response.json()), response.status === 200, `after ${microtasks}`);
    }
  });

  it("responds with deadline_exceeded even when the handler throws its own error at the deadline", async () => {
    await start(20, async (ctx) => {
      await afterDeadline(ctx, 0);
      throw new Error("aborted");
    });
    assert.equal((await fetch(addressOf(server.address()))).status, 504);
  });

  it("runs all hooks and responds with 500 when one of them throws", async () => {
    await start(5000, async (ctx) => {
      whenEnded(ctx, () => {
        throw new Error("at the end");
      });
      ctx.body = "done";
    });
    assert.equal((await fetch(addressOf(server.address()))).status, 500);
    assert.deepEqual(queue.state().running, { high: 0, normal: 0, low: 0 });
  });

  it("responds to a stalled upload, closes its connection and releases its slot", async () => {
    await start(100, async () => {});
    const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{";
    const answers = await Promise.all(
      [client(head), client(head)].map(async (socket) => {
        let answer = "";
        socket.on("data", (chunk: string) => {
          answer += chunk;
        });
        await once(socket, "close");
        return answer;
      }),
    );
    for (const answer of answers) assert.match(answer, /^HTTP\/1.1 504 .*Connection: close.*deadline_exceeded/s);
    await eventually("the release of both slots", () => queue.state().running.normal === 0);
  });

  it("shows telemetry 499 when a client disconnects, not Koa's initial 404", async () => {
    await start(5000, (ctx) => afterDeadline(ctx, 0));
    const socket = client("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually("a running request", () => queue.state().running.normal === 1);
    socket.destroy();
    assert.equal(await eventually("a closed response", () => statusAtClose), 499);
  });
});

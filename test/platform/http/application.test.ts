import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { Readable } from "node:stream";
import Koa, { type Middleware } from "koa";
import { Application } from "../../../src/platform/http/application.ts";
import { addressOf, eventually } from "../../support/helper.ts";

type Listener = (error: Error | null, response: ServerResponse) => void;
/** What third-party middleware uses to learn when a response has ended. */
const onFinished: (response: ServerResponse, listener: Listener) => void = createRequire(import.meta.url)(
  "on-finished",
);

const events = ["end", "finish", "close", "error", "socket"];

function listeners({ res }: Pick<Koa.Context, "res">): number[] {
  return events.map((event) => res.listenerCount(event) + (res.socket?.listenerCount(event) ?? 0));
}

// Plain Koa is the reference for the behaviour of both.
for (const [name, make] of [
  ["Koa", () => new Koa()],
  ["Application", () => new Application()],
] as const) {
  describe(`${name} at the end of a response`, () => {
    let server: Server;
    let failures: (string | undefined)[];

    async function start(middleware: Middleware): Promise<string> {
      const app: Koa = make();
      failures = [];
      app.on("error", (error: NodeJS.ErrnoException) => failures.push(error.code));
      server = createServer(app.use(middleware).callback()).listen(0, "127.0.0.1");
      await once(server, "listening");
      return addressOf(server.address());
    }

    function request(url: string) {
      const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
      return socket.setEncoding("utf8").setNoDelay();
    }

    afterEach(() => {
      server.close();
      server.closeAllConnections();
    });

    it("calls all listeners of on-finished once, in order and without an error", async () => {
      const calls: unknown[] = [];
      let late: unknown;
      const url = await start((ctx) => {
        for (const which of [1, 2])
          onFinished(ctx.res, (error, response) => calls.push([which, error, response === ctx.res]));
        ctx.res.once("close", () => setImmediate(onFinished, ctx.res, (error: unknown) => (late = error)));
        ctx.body = "answer";
      });
      assert.equal(await (await fetch(url)).text(), "answer");
      await eventually("the call of a late listener", () => late === null);
      assert.deepEqual(calls, [
        [1, null, true],
        [2, null, true],
      ]);
      assert.deepEqual(failures, []);
    });

    it("destroys a streamed body when its client disconnects", async () => {
      const body = new Readable({ read() {} });
      body.push("first");
      const url = await start((ctx) => {
        ctx.body = body;
      });
      const client = request(url);
      client.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      await once(client, "data");
      client.end().destroy();
      await eventually("a destroyed body", () => body.destroyed);
    });

    it("reports a broken connection to the application", async () => {
      let answering = false;
      const url = await start(async (ctx) => {
        answering = true;
        await once(ctx.res, "close");
      });
      const client = request(url);
      client.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
      await eventually("a running handler", () => answering);
      client.resetAndDestroy();
      await eventually("an error event", () => failures.length > 0);
      assert.deepEqual(failures, ["ECONNRESET"]);
    });
  });
}

it("Application adds one listener to each response and none to its connection", async () => {
  let withApplication: number[] = [];
  const app = new Application().use((ctx) => {
    withApplication = listeners(ctx);
    ctx.status = 204;
  });
  let withNode: number[] = [];
  const bare = createServer((_request, res) => {
    withNode = listeners({ res });
    res.end();
  });
  for (const server of [createServer(app.callback()), bare]) {
    await once(server.listen(0, "127.0.0.1"), "listening");
    const [response] = await once(get(addressOf(server.address())), "response");
    response.resume();
    server.close();
  }
  const added = withApplication.map((count, index) => count - (withNode[index] ?? 0));
  assert.deepEqual(
    added,
    events.map((event) => (event === "close" ? 1 : 0)),
  );
});

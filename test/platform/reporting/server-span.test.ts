import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import Koa from "koa";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { routeMatch } from "../../../src/platform/http/router.ts";
import type { Context, RequestState } from "../../../src/platform/http/types.ts";
import { serverSpan } from "../../../src/platform/reporting/server-span.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { LeanTracerProvider } from "../../../src/platform/telemetry/lean/tracer-provider.ts";
import { exchange } from "../../hostile/raw-http.ts";
import { addressOf, eventually, silent } from "../../support/helper.ts";

const exporter = new InMemorySpanExporter();
const standard = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

for (const [mode, provider] of [
  ["standard", standard],
  ["lean", new LeanTracerProvider(standard)],
] as const)
  describe(`serverSpan with ${mode} telemetry`, () => {
    let server: Server;
    let url: string;
    let handle: (ctx: Context) => unknown;

    before(async () => {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      trace.setGlobalTracerProvider(provider);
      const routes = [{ method: "GET" as const, path: "/things/:id", handle: () => {} }];
      const app = new Koa<RequestState>();
      app
        .use(serverSpan(1, ["/probe"]))
        .use(problemDetails(silent))
        .use(routeMatch(routes));
      app.use(async (ctx) => {
        ctx.body = (await handle(ctx)) ?? "done";
      });
      server = createServer(app.callback()).listen(0, "127.0.0.1");
      await once(server, "listening");
      url = addressOf(server.address());
    });
    beforeEach(() => {
      exporter.reset();
      handle = () => {};
    });
    after(() => {
      server.close().closeAllConnections();
      context.disable();
      propagation.disable();
      trace.disable();
    });

    const spans = (count: number) =>
      eventually(`${count} spans`, () => exporter.getFinishedSpans().length >= count && exporter.getFinishedSpans());

    it("records the exception of a 500 with its type and stack frames, and its message only when that holds no values", async () => {
      for (const [error, type, message] of [
        [new TypeError("there is no such thing"), "TypeError", "there is no such thing"],
        [
          Object.assign(new Error("Duplicate entry 'a@b.c' for key"), { code: "ER_DUP_ENTRY" }),
          "ER_DUP_ENTRY",
          "ER_DUP_ENTRY",
        ],
        [() => JSON.parse('{"secret'), "SyntaxError", undefined],
      ] as const) {
        exporter.reset();
        handle = typeof error === "function" ? error : () => Promise.reject(error);
        assert.equal((await fetch(`${url}/things/7`)).status, 500);
        const [span] = await spans(1);
        assert.deepEqual(
          span?.events.map(({ name }) => name),
          ["exception"],
        );
        const {
          "exception.type": recordedType,
          "exception.message": recordedMessage,
          "exception.stacktrace": frames,
        } = span.events[0]?.attributes ?? {};
        assert.equal(recordedType, type);
        assert.equal(recordedMessage, message);
        assert.match(String(frames), /^ {4}at .*server-span\.test\.ts/);
        assert.doesNotMatch(String(frames), /secret|a@b/);
      }
    });

    it("records no exception for a problem sent to the client", async () => {
      handle = () => Promise.reject(new Problem("query_timeout"));
      assert.equal((await fetch(`${url}/things/7`)).status, 504);
      assert.deepEqual((await spans(1))[0]?.events, []);
    });

    it("ends once the answer has been handed to the socket, however slowly the client reads", async () => {
      handle = () => "x".repeat(32_000_000);
      const socket = connect(Number(new URL(url).port), "127.0.0.1").pause();
      socket.write("GET /things/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      const [span] = await spans(1);
      assert.equal(span?.attributes["http.response.status_code"], 200);
      await once(socket.resume(), "close");
    });

    it("is a child of the caller's span, has the route, and is the parent of spans inside the request", async () => {
      const tracer = trace.getTracer("test");
      handle = () => tracer.startSpan("inside").end();
      const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
      await fetch(`${url}/things/7`, {
        headers: {
          traceparent: `00-${traceId}-${spanId}-01`,
          "user-agent": "test",
          "x-forwarded-for": "192.0.2.7",
          "x-forwarded-proto": "https",
        },
      });
      const [inside, span] = await spans(2);
      assert.equal(span?.name, "GET /things/{id}");
      assert.equal(span.kind, SpanKind.SERVER);
      assert.equal(span.spanContext().traceId, traceId);
      assert.equal(span.parentSpanContext?.spanId, spanId);
      assert.equal(inside?.parentSpanContext?.spanId, span.spanContext().spanId);
      assert.deepEqual(span.attributes, {
        "http.request.method": "GET",
        "url.scheme": "https",
        "url.path": "/things/7",
        "client.address": "192.0.2.7",
        "user_agent.original": "test",
        "http.route": "/things/{id}",
        "http.response.status_code": 200,
      });
      assert.equal(span.status.code, SpanStatusCode.UNSET);
    });

    it("has the names of the query's parameters but no values", async () => {
      await fetch(`${url}/things/7?token=secret&empty=&page=2&flag`);
      const [span] = await spans(1);
      assert.equal(span?.attributes["url.path"], "/things/7");
      assert.equal(span?.attributes["url.query"], "token=REDACTED&REDACTED&page=REDACTED&REDACTED");
    });

    it("has neither the fragment nor a password in its path", async () => {
      await exchange(url, "GET //u:secret@host/x#secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      const [span] = await spans(1);
      assert.equal(span?.attributes["url.path"], "//REDACTED@host/x");
    });

    it("truncates what clients choose to 256 characters", async () => {
      const long = "x".repeat(1000);
      await fetch(`${url}/${long}?${long}=1&${long}`, { headers: { "user-agent": long } });
      const [span] = await spans(1);
      for (const name of ["url.path", "url.query", "user_agent.original"]) {
        const length = String(span?.attributes[name]).length;
        assert.ok(length > 6 && length <= 256, `${name}: ${length}`);
      }
    });

    it("has only the path and query of an absolute URL", async () => {
      const { port } = new URL(url);
      const path = "http://user:password@127.0.0.1/things/7?token=secret";
      const [answer] = await once(request({ port, path }).end(), "response");
      answer.resume();
      const [span] = await spans(1);
      assert.equal(span?.attributes["url.path"], "/things/7");
      assert.equal(span?.attributes["url.query"], "token=REDACTED");
    });

    it("has the type of a server error, but not of a client error", async () => {
      handle = () => {
        throw new Problem("pool_timeout");
      };
      await fetch(`${url}/things/1`);
      handle = () => {
        throw new Problem("invalid_request");
      };
      await fetch(`${url}/things/2`);
      handle = (ctx) => {
        ctx.status = 502;
        return "bad gateway";
      };
      await fetch(`${url}/things/3`);
      const found = await spans(3);
      assert.deepEqual(
        found.map(({ status, attributes }) => [status.code, attributes["error.type"]]),
        [
          [SpanStatusCode.ERROR, "pool_timeout"],
          [SpanStatusCode.UNSET, undefined],
          [SpanStatusCode.ERROR, "502"],
        ],
      );
    });

    it("creates no span for a GET of an untraced path, nor for anything below it", async () => {
      const tracer = trace.getTracer("test");
      handle = () => tracer.startSpan("inside").end();
      for (const path of ["/probe", "/probe?from=balancer"]) await fetch(url + path);
      await fetch(`${url}/probe`, { method: "POST" });
      await fetch(`${url}/probe/other`);
      const finished = await spans(2);
      assert.deepEqual(
        finished.map(({ attributes }) => attributes["url.path"]),
        ["/probe", "/probe/other"],
      );
    });

    it("groups unknown paths and unknown methods", async () => {
      await fetch(`${url}/nothing/here`);
      const { port } = new URL(url);
      const unknown = request({ port, method: "PROPFIND", path: "/things/1" }).end();
      const [answer] = await once(unknown, "response");
      answer.resume();
      const [missing, odd] = await spans(2);
      assert.equal(missing?.name, "GET unmatched");
      assert.equal(missing?.attributes["http.route"], "unmatched");
      assert.equal(odd?.name, "_OTHER unmatched");
      assert.equal(odd?.attributes["http.request.method_original"], "PROPFIND");
    });

    it("ends when the client disconnects before the answer", async () => {
      const blocked = Promise.withResolvers<void>();
      handle = () => blocked.promise;
      const address = server.address();
      assert.ok(isAddress(address));
      const socket = connect(address.port, "127.0.0.1");
      socket.write("GET /things/1 HTTP/1.1\r\nhost: test\r\n\r\n");
      await eventually("a request", async () => (await connections()) > 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
      const [span] = await spans(1);
      assert.equal(span?.name, "GET /things/{id}");
      blocked.resolve();
    });

    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  });

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

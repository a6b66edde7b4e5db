import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import Koa from "koa";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { crossOrigin, securityHeaders } from "../../../src/platform/http/security-headers.ts";
import type { RequestState } from "../../../src/platform/http/types.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { addressOf, silent } from "../../support/helper.ts";

const servers: Server[] = [];

async function serve(install: (app: Koa<RequestState>) => void): Promise<string> {
  const app = new Koa<RequestState>().use(problemDetails(silent));
  install(app);
  app.use((ctx) => {
    if (ctx.method === "OPTIONS" || ctx.path === "/missing") throw new Problem("not_found");
    ctx.body = "answer";
  });
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return addressOf(server.address());
}

after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

describe("securityHeaders", () => {
  it("sets the headers of an API on responses and problems", async () => {
    const url = await serve((app) => app.use(securityHeaders()));
    for (const path of ["/", "/missing"]) {
      const { headers } = await fetch(url + path);
      const policy = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";
      assert.equal(headers.get("content-security-policy"), policy, path);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("x-frame-options"), "DENY");
      assert.equal(headers.get("referrer-policy"), "no-referrer");
      assert.match(headers.get("strict-transport-security") ?? "", /max-age=\d{7}/);
      assert.equal(headers.get("access-control-allow-origin"), null);
    }
  });
});

describe("crossOrigin", () => {
  const origin = "https://app.example.com";
  let url: string;
  before(async () => {
    url = await serve((app) => app.use(crossOrigin([origin])));
  });
  const ask = (from: string, init: RequestInit = {}, path = "/") =>
    fetch(url + path, { ...init, headers: { origin: from, ...init.headers } });
  const preflight = { method: "OPTIONS", headers: { "access-control-request-method": "PATCH" } };

  it("lets a listed site read responses and problems, including the exposed headers", async () => {
    for (const path of ["/", "/missing"]) {
      const { headers } = await ask(origin, {}, path);
      assert.equal(headers.get("access-control-allow-origin"), origin, path);
      assert.match(headers.get("access-control-expose-headers") ?? "", /RateLimit.*Retry-After/);
      assert.equal(headers.get("access-control-allow-credentials"), null);
    }
  });

  it("responds to the preflight of a listed site", async () => {
    const { status, headers } = await ask(origin, preflight);
    assert.equal(status, 204);
    assert.match(headers.get("access-control-allow-methods") ?? "", /PATCH/);
    assert.match(headers.get("access-control-allow-headers") ?? "", /Authorization.*traceparent,tracestate,baggage/);
    assert.equal(headers.get("access-control-max-age"), "600");
  });

  it("sends no CORS headers to any other site", async () => {
    for (const other of ["https://evil.example", `${origin}.evil.example`, "null", origin.toUpperCase()]) {
      for (const init of [{}, preflight]) {
        const { headers } = await ask(other, init);
        assert.equal(headers.get("access-control-allow-origin"), null, other);
        assert.equal(headers.get("vary"), "Origin");
      }
    }
  });
});

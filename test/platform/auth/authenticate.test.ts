import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Koa from "koa";
import { apiKeyEntry, apiKeySubjects, parseApiKey } from "../../../src/platform/auth/api-keys.ts";
import { authenticate } from "../../../src/platform/auth/authenticate.ts";
import { publicRoutes } from "../../../src/platform/auth/public-routes.ts";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { handleRoute, routeMatch } from "../../../src/platform/http/router.ts";
import type { RequestState, Route } from "../../../src/platform/http/types.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import { addressOf, silent } from "../../support/helper.ts";

describe("authenticate", () => {
  let handled = 0;
  const handle: Route["handle"] = (ctx) => {
    handled += 1;
    ctx.body = { subject: ctx.state.subject ?? null };
  };
  const routes: Route[] = [
    { method: "GET", path: "/open", public: true, handle },
    { method: "GET", path: "/things/:id", handle },
  ];
  let url: string;
  const server = createServer();
  before(async () => {
    const app = new Koa<RequestState>().use(problemDetails(silent)).use(routeMatch(routes));
    const verifyToken = async (token: string) => {
      if (token === "outage") throw new Problem("dependency_failed");
      if (token !== "good") throw new Error("expired at noon");
      return "alice";
    };
    const subjectOfKey = apiKeySubjects([parseApiKey(apiKeyEntry("reporting", "the-key"))]);
    app.use(authenticate({ verifyToken, subjectOfKey, publicRoutes: publicRoutes([], routes) })).use(handleRoute);
    server.on("request", app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = addressOf(server.address());
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    handled = 0;
  });

  async function ask(headers: Record<string, string>, path = "/things/1") {
    const response = await fetch(url + path, { headers });
    return {
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
      text: await response.text(),
    };
  }

  it("accepts valid credentials and identifies the caller", async () => {
    for (const [headers, subject] of [
      [{ authorization: "Bearer good" }, "alice"],
      [{ authorization: "bearer   good" }, "alice"],
      [{ authorization: "ApiKey the-key" }, "key:reporting"],
      [{ "x-api-key": "the-key" }, "key:reporting"],
      [{ authorization: "Bearer good", "x-api-key": "wrong" }, "alice"],
    ] as const) {
      assert.deepEqual(JSON.parse((await ask(headers)).text), { subject }, JSON.stringify(headers));
    }
  });

  it("challenges a request without credentials", async () => {
    for (const headers of [{}, { authorization: "Bearer" }, { authorization: "Bearer " }, { "x-api-key": "" }]) {
      const { status, challenge } = await ask(headers);
      assert.deepEqual({ status, challenge }, { status: 401, challenge: "Bearer" }, JSON.stringify(headers));
    }
    assert.equal(handled, 0);
  });

  it("refuses invalid credentials without saying why", async () => {
    for (const headers of [
      { authorization: "Bearer expired" },
      { authorization: "Basic good" },
      { authorization: "Bearer the-key" },
      { authorization: "ApiKey good" },
      { authorization: "ApiKey wrong", "x-api-key": "the-key" },
      { authorization: "Basic wrong", "x-api-key": "the-key" },
      { "x-api-key": "wrong" },
    ]) {
      const { status, challenge, text } = await ask({ ...headers });
      const expected = { status: 401, challenge: 'Bearer error="invalid_token"' };
      assert.deepEqual({ status, challenge }, expected, JSON.stringify(headers));
      assert.doesNotMatch(text, /noon|detail/);
    }
    assert.equal(handled, 0);
  });

  it("responds with 503, not 401, when it cannot verify a token", async () => {
    const { status, challenge, text } = await ask({ authorization: "Bearer outage" });
    assert.deepEqual({ status, challenge }, { status: 503, challenge: null });
    assert.match(text, /"dependency_failed"/);
  });

  it("ignores credentials on public routes", async () => {
    for (const headers of [{}, { authorization: "Bearer expired" }, { authorization: "Bearer outage" }]) {
      assert.deepEqual(JSON.parse((await ask({ ...headers }, "/open")).text), { subject: null });
    }
  });

  it("responds with 404 on an unknown route, with or without credentials", async () => {
    for (const headers of [{}, { authorization: "Bearer expired" }, { authorization: "Bearer good" }]) {
      assert.equal((await ask({ ...headers }, "/none")).status, 404);
    }
  });

  it("treats a request that matched no route as protected", async () => {
    const app = new Koa<RequestState>().use(problemDetails(silent));
    const verifyToken = async () => "alice";
    app.use(authenticate({ verifyToken, subjectOfKey: () => undefined, publicRoutes: publicRoutes([], routes) }));
    app.use((ctx) => {
      ctx.body = "in";
    });
    const bare = createServer(app.callback()).listen(0, "127.0.0.1");
    await once(bare, "listening");
    assert.equal((await fetch(`${addressOf(bare.address())}/open`)).status, 401);
    bare.close();
    bare.closeAllConnections();
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Koa from "koa";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { handleRoute, routeMatch, routeTemplate } from "../../../src/platform/http/router.ts";
import type { RequestState, Route } from "../../../src/platform/http/types.ts";
import { addressOf, silent } from "../../support/helper.ts";

describe("routeMatch", () => {
  const answer = (name: string): Route["handle"] => {
    return (ctx) => {
      ctx.body = [name, ctx.state.params];
    };
  };
  const routes: Route[] = [
    { method: "GET", path: "/things/special", handle: answer("special") },
    { method: "GET", path: "/things/:id", handle: answer("one") },
    { method: "DELETE", path: "/things/:id", handle: answer("delete") },
    { method: "GET", path: "/things/:id/parts/:part", handle: answer("part") },
  ];
  let url: string;
  const server = createServer();
  before(async () => {
    const app = new Koa<RequestState>().use(problemDetails(silent)).use(routeMatch(routes)).use(handleRoute);
    server.on("request", app.callback()).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = addressOf(server.address());
  });
  after(() => server.close());

  it("picks the first route that matches path and method, and decodes its parameters", async () => {
    const ask = async (method: string, path: string): Promise<unknown> => (await fetch(url + path, { method })).json();
    assert.deepEqual(await ask("GET", "/things/special"), ["special", {}]);
    assert.deepEqual(await ask("GET", "/things/a%20b"), ["one", { id: "a b" }]);
    assert.deepEqual(await ask("DELETE", "/things/special"), ["delete", { id: "special" }]);
    assert.deepEqual(await ask("GET", "/things/1/parts/2"), ["part", { id: "1", part: "2" }]);
  });

  it("responds with 404 when no route matches", async () => {
    for (const [method, path] of [
      ["POST", "/things/1"],
      ["GET", "/thing/1"],
      ["GET", "/things/1/2"],
      ["OPTIONS", "/things/1"],
    ]) {
      assert.equal((await fetch(url + path, { method: method ?? "" })).status, 404, `${method} ${path}`);
    }
  });

  it("writes parameters in braces, as telemetry does", () => {
    assert.equal(routeTemplate("/things/:id/parts/:part"), "/things/{id}/parts/{part}");
  });
});

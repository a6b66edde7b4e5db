import assert from "node:assert/strict";
import { publicRoutes } from "../../../src/platform/auth/public-routes.ts";
import type { Route } from "../../../src/platform/http/types.ts";
import { ConfigError } from "../../../src/platform/variables.ts";
import { startService } from "../../support/helper.ts";

describe("publicRoutes", () => {
  const handle = () => {};
  const open: Route = { method: "GET", path: "/things/open", public: true, handle };
  const one: Route = { method: "GET", path: "/things/:id", handle };
  const remove: Route = { method: "DELETE", path: "/things/:id", handle };
  const closed: Route = { method: "GET", path: "/closed", public: false, handle };
  const routes = [open, one, remove, closed];

  it("returns the routes declared public", () => {
    assert.deepEqual([...publicRoutes([], routes)], [open]);
  });

  it("adds configured routes, by method and declared path", () => {
    assert.deepEqual([...publicRoutes(["GET /things/:id"], routes)], [open, one]);
    assert.deepEqual([...publicRoutes(["delete  /things/:id", " /closed "], routes)], [open, remove, closed]);
  });

  it("adds only GET for an entry without a method", () => {
    assert.deepEqual([...publicRoutes(["/things/:id"], routes)], [open, one]);
  });

  it("throws for entries that match no route, naming each", () => {
    for (const entry of [
      "/thing",
      "POST /closed",
      "/things/1",
      "/THINGS/:id",
      "/things/:id/",
      "*",
      "GET",
      "GET /things/*",
    ]) {
      assert.throws(
        () => publicRoutes(["/closed", entry], routes),
        (error: unknown) =>
          error instanceof ConfigError && error.message.includes(`no route is ${JSON.stringify(entry)};`),
        entry,
      );
    }
    assert.throws(
      () => publicRoutes(["/a", "/b"], routes),
      /PUBLIC_ROUTES: no route is "\/a" or "\/b"; there are: GET \/things\/open, /,
    );
  });
});

describe("PUBLIC_ROUTES", () => {
  it("opens one route of the service and no other", async () => {
    const service = await startService({ items: 1, env: { PUBLIC_ROUTES: "GET /api/fixture/items/:id" } });
    const url = `${service.url}/api/fixture/items/1`;
    assert.equal((await fetch(url)).status, 200);
    assert.equal((await fetch(url, { method: "DELETE" })).status, 401);
    assert.equal((await fetch(`${url}/calls`, { method: "POST" })).status, 401);
    await service.stop();
  });
});

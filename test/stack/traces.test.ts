// A request's trace, from the caller's header to Jaeger.
import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import { findTrace, type Span } from "./jaeger.ts";
import { call, createItem, get, routes, type Sent, send } from "./service.ts";

/** How long a trace may take to reach Jaeger: the collector decides 5 to 6 s after its first span. */
const withinS = 25;

/** A request's trace once it has `count` spans: the server span and the others, which must be its children. */
async function traceOf({ traceId, callerId }: Sent, count: number) {
  const spans = await eventually(withinS, async () => {
    const found = await findTrace(traceId);
    assert.equal(found.length, count, `spans of ${traceId}: ${found.map((span) => span.name).join(", ") || "none"}`);
    return found;
  });
  const server = spans.find((span) => span.parentId === callerId);
  assert.ok(server, "a span continues the caller's trace");
  const children = spans.filter((span) => span.parentId === server.id);
  return { server, children, below: (span: Span) => spans.filter((other) => other.parentId === span.id) };
}

describe("stack: traces", () => {
  it("has a request's server span and its query span in Jaeger, as parent and child", async () => {
    const { server, children } = await traceOf(await get(1), 2);
    assert.equal(server.name, `GET ${routes.item}`);
    assert.equal(server.tags.get("span.kind"), "server");
    assert.equal(server.tags.get("http.request.method"), "GET");
    assert.equal(server.tags.get("http.route"), routes.item);
    assert.equal(server.tags.get("http.response.status_code"), 200);

    const [query] = children;
    assert.ok(query);
    assert.equal(query.name, "items.get");
    assert.equal(query.tags.get("span.kind"), "client");
    assert.equal(query.tags.get("db.system.name"), "mysql");
    assert.equal(query.tags.get("db.query.summary"), "items.get");
    assert.match(String(query.tags.get("db.query.text")), /WHERE id = \?/);
    assert.ok(query.startTime >= server.startTime);
    assert.ok(query.duration <= server.duration);
  });

  it("shows where a request's time went: queries before and after a call to another service", async () => {
    const id = await createItem("slow");
    const called = await call(id);
    assert.equal(called.status, 201);
    const { server, children, below } = await traceOf(called, 9);
    assert.deepEqual(
      children.map((span) => span.name),
      ["items.get", "calls.create", "POST receiver", "calls.finish"],
    );
    const [, , outbound, finish] = children;
    assert.ok(outbound && finish);
    // In any order: start times are in whole milliseconds, and several spans share one.
    assert.deepEqual(
      below(finish)
        .map((span) => span.name)
        .sort(),
      ["BEGIN", "COMMIT", "calls.update", "items.count_call"],
    );
    assert.ok(outbound.duration >= 1.2, "the receiver answers after 1.2 s");
    assert.ok(server.duration >= outbound.duration);
  });

  it("marks a failed request, and returns the trace id to its caller", async () => {
    const id = await createItem("error");
    const called = await call(id);
    assert.equal(called.status, 503);
    assert.deepEqual(called.body, {
      ...Object(called.body),
      type: "dependency_failed",
      status: 503,
      traceId: called.traceId,
    });
    const { server } = await traceOf(called, 8);
    assert.equal(server.tags.get("http.response.status_code"), 503);
    assert.equal(server.tags.get("error"), true);
  });

  it("uses one name for all unknown paths", async () => {
    const { server, children } = await traceOf(await send({ route: "unmatched", path: "/nothing/here" }), 1);
    assert.deepEqual(children, []);
    assert.equal(server.tags.get("http.route"), "unmatched");
    assert.equal(server.tags.get("http.response.status_code"), 404);
  });
});

// A request's trace, from the caller's header to Jaeger.
import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import { findTrace, type Span } from "./jaeger.ts";
import { createAutomation, type Sent, send } from "./service.ts";

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
    const { server, children } = await traceOf(
      await send({ route: "/api/automations/{id}", path: "/api/automations/1" }),
      2,
    );
    assert.equal(server.name, "GET /api/automations/{id}");
    assert.equal(server.tags.get("span.kind"), "server");
    assert.equal(server.tags.get("http.request.method"), "GET");
    assert.equal(server.tags.get("http.route"), "/api/automations/{id}");
    assert.equal(server.tags.get("http.response.status_code"), 200);

    const [query] = children;
    assert.ok(query);
    assert.equal(query.name, "automations.get");
    assert.equal(query.tags.get("span.kind"), "client");
    assert.equal(query.tags.get("db.system.name"), "mysql");
    assert.equal(query.tags.get("db.query.summary"), "automations.get");
    assert.match(String(query.tags.get("db.query.text")), /WHERE id = \?/);
    assert.ok(query.startTime >= server.startTime);
    assert.ok(query.duration <= server.duration);
  });

  it("shows where a run's time went: queries before and after the webhook call", async () => {
    const id = await createAutomation("slow");
    const run = await send({
      method: "POST",
      route: "/api/automations/{id}/runs",
      path: `/api/automations/${id}/runs`,
    });
    assert.equal(run.status, 201);
    const { server, children, below } = await traceOf(run, 9);
    assert.deepEqual(
      children.map((span) => span.name),
      ["automations.get", "runs.create", "POST webhook", "runs.finish"],
    );
    const [, , call, finish] = children;
    assert.ok(call && finish);
    // In any order: start times are in whole milliseconds, and several spans share one.
    assert.deepEqual(
      below(finish)
        .map((span) => span.name)
        .sort(),
      ["BEGIN", "COMMIT", "automations.count_run", "runs.update"],
    );
    assert.ok(call.duration >= 1.2, "the slow webhook answers after 1.2 s");
    assert.ok(server.duration >= call.duration);
  });

  it("marks a failed request, and returns the trace id to its caller", async () => {
    const id = await createAutomation("failing");
    const run = await send({
      method: "POST",
      route: "/api/automations/{id}/runs",
      path: `/api/automations/${id}/runs`,
    });
    assert.equal(run.status, 503);
    assert.deepEqual(run.body, { ...Object(run.body), type: "dependency_failed", status: 503, traceId: run.traceId });
    const { server } = await traceOf(run, 8);
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

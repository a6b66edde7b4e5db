// Log lines beside the traces: from a trace to its lines and back, through an outage of the log store, and without secrets.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { addresses, compose } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { findTrace } from "./jaeger.ts";
import { findLines, logsText } from "./logs.ts";
import { newTraceId, sendLogs } from "./otlp.ts";
import {
  expectNothingPlantedIn,
  jwt,
  plant,
  run,
  secretKeys,
  texts,
  withLiterals,
  withoutLiterals,
} from "./planted-secrets.ts";
import { call, createItem, get, routes, type Sent } from "./service.ts";

const service = serviceName;

describe("stack: logs", () => {
  let slow: Sent;

  before("send a request that times out", async () => {
    const id = await createItem("never");
    slow = await call(id);
    assert.equal(slow.status, 504);
  });

  it("have a trace's lines by its id, and the line's trace in Jaeger", async () => {
    const [line] = await eventually(15, async () => {
      const lines = await findLines(`trace_id:="${slow.traceId}"`);
      assert.deepEqual(
        lines.map(({ _msg }) => _msg),
        ["slow request"],
      );
      return lines;
    });
    assert.ok(line);
    assert.equal(line.severity_text, "warn");
    assert.equal(line.route, routes.calls);
    assert.equal(line.status, "504");
    assert.ok(Number(line.durationMs) > 1000);
    assert.ok(Number(line["phases.outbound"]) > 1000);
    assert.equal(line["service.name"], service);
    const spans = await eventually(25, async () => {
      const found = await findTrace(String(line.trace_id));
      assert.notEqual(found.length, 0);
      return found;
    });
    const span = spans.find(({ id }) => id === line.span_id);
    assert.equal(span?.tags.get("http.route"), line.route);
  });

  it("have each line of standard output once, in one stream for all replicas", async () => {
    const printed = (await compose(["logs", "--no-log-prefix", "--no-color", "app"])).split("\n");
    const own = printed.filter((text) => text.includes(slow.traceId)).map((text) => JSON.parse(text));
    const stored = await findLines(`trace_id:="${slow.traceId}"`);
    assert.deepEqual(
      stored.map(({ _msg, route, durationMs }) => [_msg, route, Number(durationMs)]),
      own.map(({ msg, route, durationMs }) => [msg, route, durationMs]),
    );
    const streams = new Set((await findLines(`service.name:="${service}"`)).map(({ _stream }) => _stream));
    assert.deepEqual([...streams], [`{deployment.environment.name="development",service.name="${service}"}`]);
  });

  it("lose no line while the store is away for 10 s, and hold up neither traces nor metrics", async () => {
    const source = `outage-${run}`;
    await compose(["stop", "--timeout", "2", "victoria-logs"]);
    const duringOutage = await get(1);
    for (let batch = 0; batch < 20; batch += 1) {
      const lines = Array.from({ length: 100 }, (_, line) => ({
        body: "a line",
        attributes: { number: batch * 100 + line },
      }));
      await sendLogs(addresses.otlp, { service: source }, lines);
      await pause(500);
    }
    assert.equal((await findTrace(duringOutage.traceId)).length, 2);
    await compose(["start", "victoria-logs"]);
    const count = `service.name:="${source}" | stats count() lines, count_uniq(number) numbers`;
    await eventually(20, async () => assert.equal((await logsText(count)).trim(), '{"lines":"2000","numbers":"2000"}'));
  });

  it("can be found with the queries of docs/logs.md", async () => {
    const text = await readFile(join(import.meta.dirname, "../../docs/logs.md"), "utf8");
    const queries = [...text.matchAll(/^```logsql\n(.*?)\n```$/gms)].map(([, query = ""]) => query);
    assert.ok(queries.length > 5);
    for (const query of queries) await logsText(query);
    const found = await findLines(queries.find((query) => query.startsWith('_msg:="slow request"')) ?? "");
    assert.ok(found.some(({ route, requests }) => route === routes.calls && Number(requests) > 0));
  });

  it("have no planted secret, in the body or an attribute", async () => {
    const source = `logs-redaction-${run}`;
    const traceId = newTraceId();
    const resource = {
      service: source,
      attributes: { "app.secret": plant(), "process.command_args": ["node", "main.ts", "--token", plant()] },
      scope: { name: "test", attributes: { password: plant() } },
    };
    await sendLogs(addresses.otlp, resource, [
      ...Object.values(texts).map((text) => ({ body: text(), attributes: { note: text() }, traceId })),
      ...secretKeys.map((key) => ({ body: { [key]: plant(), note: jwt() }, attributes: { [key]: plant() }, traceId })),
      ...["db.query.text", "db.statement", "statement"].map((name) => ({
        body: `Duplicate entry '${plant()}' for key 'name'`,
        attributes: {
          [name]: withLiterals(),
          "exception.message": `near '${plant()}' at line 1`,
          "exception.stacktrace": `Error: near '${plant()}' at line 1\n    at query (database.ts:1)`,
        },
        traceId,
      })),
      {
        body: "fetched",
        attributes: {
          "url.query": `search=${plant()}&sort=rating&token=${plant()}`,
          "url.full": `https://me:${plant()}@example.com/reset?search=${plant()}#top`,
          "http.request.header.authorization": [plant()],
          "exception.stacktrace": `Error: ${jwt()}\n at x`,
        },
        severity: `token=${plant()}`,
        event: `retry with ${jwt()}`,
        traceId,
      },
      {
        body: "a=b, 3 tokens left: retry? me@example.com at http://example.com/a@b",
        attributes: {
          statement: "SELECT id FROM t2 WHERE id = ? LIMIT ?",
          route: "/api/things/{id}",
          durationMs: 12.5,
        },
        severity: "warn",
        event: "slow_query",
        traceId,
      },
    ]);
    const sent = Object.keys(texts).length + secretKeys.length + 5;
    const lines = await eventually(15, async () => {
      const found = await findLines(`trace_id:="${traceId}"`);
      assert.equal(found.length, sent);
      return found;
    });
    // All lines, the service's own among them.
    expectNothingPlantedIn(await logsText("*"));
    const statements = lines.filter(({ _msg }) => _msg === "Duplicate entry ? for key ?");
    assert.deepEqual(
      statements.map((line) => line["db.query.text"] ?? line.statement),
      Array(3).fill(withoutLiterals),
    );
    const ordinary = lines.find(({ _msg }) => _msg.startsWith("a=b"));
    assert.equal(ordinary?._msg, "a=b, 3 tokens left: retry? me@example.com at http://example.com/a@b");
    assert.equal(ordinary.statement, "SELECT id FROM t2 WHERE id = ? LIMIT ?");
    assert.equal(ordinary.durationMs, "12.5");
    assert.equal(ordinary.severity_text, "warn");
    assert.equal(ordinary.event_name, "slow_query");
  });
});

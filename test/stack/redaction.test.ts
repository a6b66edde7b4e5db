// Secrets and query values that slip into any part of telemetry do not leave the collector; everything else does.
import assert from "node:assert/strict";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { paths } from "../support/fixture/routes.ts";
import { addresses } from "./compose.ts";
import { eventually } from "./eventually.ts";
import { answerText, findTrace, type Span } from "./jaeger.ts";
import { newTraceId, sendCount, sendSpans } from "./otlp.ts";
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
import { exemplarTraceIds, query, seriesOf } from "./prometheus.ts";
import { routes, send } from "./service.ts";

const service = `redaction-${run}`;
const statement = "SELECT id FROM things_2 WHERE name LIKE ? AND token = ? LIMIT ?";

describe("stack: what does not leave the collector", () => {
  const traceIds = { attributes: newTraceId(), texts: newTraceId(), database: newTraceId(), ordinary: newTraceId() };
  const resource = {
    service,
    attributes: {
      "deployment.environment.name": "test",
      "process.command_args": ["node", "main.ts", "--token", plant()],
      "app.secret": plant(),
    },
    scope: { name: "test", attributes: { password: plant() } },
  };
  const message = "connect ECONNREFUSED 172.18.0.4:3306";

  before("send spans and metrics with planted secrets, and requests to the service", async () => {
    const { url, server } = { url: addresses.otlp, server: "server" as const };
    await sendSpans(url, resource, [
      {
        traceId: traceIds.attributes,
        name: `GET /reset?token=${plant()}`,
        kind: server,
        failed: true,
        statusMessage: `bad token=${plant()}`,
        traceState: `vendor=${jwt()}`,
        attributes: {
          "http.route": "/reset",
          "url.path": `/reset/${jwt()}`,
          "url.query": `search=${plant()}&sort=rating&token=${plant()}`,
          "url.full": `https://me:${plant()}@example.com/reset?search=${plant()}&token=${plant()}#top`,
          "http.request.header.authorization": [plant()],
          "http.request.header.x-api-key": [plant()],
          "http.request.header.x_api_key": [plant()],
          "http.request.header.cookie": [`sid=${plant()}`],
          "http.response.header.set-cookie": [`sid=${plant()}; Path=/`],
          "http.request.header.referer": [`https://example.com/?code=${plant()}`],
          "db.query.parameter.0": plant(),
          ...Object.fromEntries(secretKeys.map((key) => [key, plant()])),
        },
        events: [
          {
            name: `retry with ${jwt()}`,
            attributes: {
              "exception.message": `password=${plant()}`,
              "exception.stacktrace": `Error: ${jwt()}\n at x`,
            },
          },
        ],
      },
      ...Object.entries(texts).map(([note, text]) => ({
        traceId: traceIds.texts,
        name: note,
        attributes: { note: text() },
      })),
      ...["db.query.text", "db.statement"].map((name) => ({
        traceId: traceIds.database,
        name: `insert '${plant()}'`,
        kind: "client" as const,
        failed: true,
        statusMessage: `Duplicate entry '${plant()}' for key 'name'`,
        attributes: { "db.system.name": "mysql", [name]: withLiterals() },
        events: [{ name: "exception", attributes: { "exception.message": `near '${plant()}' at line 1` } }],
      })),
      {
        traceId: traceIds.ordinary,
        name: "GET /api/things/{id}",
        kind: server,
        failed: true,
        statusMessage: message,
        traceState: "vendor=t61rcWkgMzE",
        attributes: {
          "http.route": "/api/things/{id}",
          "http.response.status_code": 500,
          "url.path": "/api/things/1",
          "url.query": "limit=20",
          "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) basic token reader",
          "request.id": "01JCXYZABCDEFGHJKMNPQRSTVW",
          "request.phase.query": 0.25,
          "db.system.name": "postgresql",
          "db.query.text": statement,
          "gen_ai.usage.input_tokens": 12,
          "http.request.header.accept": ["text/plain", "*/*"],
          note: "a=b, 3 tokens left: retry? me@example.com at http://example.com/a@b",
        },
        events: [{ name: "slow_query", attributes: { "db.query.fingerprint": "01234567" } }],
      },
    ]);
    await sendCount(url, resource, `redaction.test.${run}`, {
      plan: "gold",
      note: `password=${plant()}`,
      url: `https://me:${plant()}@example.com`,
      session_token: plant(),
      jwt: jwt(),
    });
    const list = routes.items;
    const requests = [
      await send({ route: list, path: `${list}?search=${plant()}` }),
      await send({ route: "unmatched", path: `/reset?token=${plant()}` }),
      await send({ route: routes.item, path: paths.item, apiKey: plant() }),
    ];
    assert.deepEqual(
      requests.map(({ status }) => status),
      [200, 404, 401],
    );

    const expected = [1, Object.keys(texts).length, 2, 1, 2, 1, 1];
    const sent = [...Object.values(traceIds), ...requests.map(({ traceId }) => traceId)];
    await eventually(25, async () => {
      const found = await Promise.all(sent.map(async (id) => (await findTrace(id)).length));
      assert.deepEqual(found, expected);
      assert.equal((await query(`redaction_test_${run}_total`)).length, 1);
      assert.notEqual((await query(`traces_kept_calls_total{service_name="${service}"}`)).length, 0);
    });
  });

  it("has no secret in any trace in Jaeger", async () => {
    const traces = [...Object.values(traceIds).map((id) => `/api/traces/${id}`)];
    const raw = [...Object.values(traceIds).map((id) => `/api/v3/traces/${id}`)];
    const lists = [service, serviceName].flatMap((name) => [
      `/api/services/${name}/operations`,
      `/api/traces?service=${name}&limit=1000`,
    ]);
    for (const path of [...traces, ...raw, ...lists, "/api/services"]) expectNothingPlantedIn(await answerText(path));
  });

  it("has no secret in any series or exemplar of Prometheus", async () => {
    const series = await seriesOf(".+");
    assert.ok(series.length > 1000, `${series.length} series`);
    expectNothingPlantedIn(JSON.stringify(series));
    expectNothingPlantedIn(JSON.stringify(await exemplarTraceIds('{__name__=~".+"}')));
  });

  it("keeps statements, without the values of queries", async () => {
    const spans = await findTrace(traceIds.database);
    assert.deepEqual(spans.map(tag("db.query.text")), [withoutLiterals, withoutLiterals]);
    assert.deepEqual(spans.map(tag("db.statement")), [undefined, undefined]);
    assert.deepEqual(spans.map(tag("otel.status_description")), Array(2).fill("Duplicate entry ? for key ?"));
    assert.deepEqual(
      spans.map(({ name }) => name),
      ["insert ?", "insert ?"],
    );
  });

  it("keeps the names of URL parameters, without their values", async () => {
    const [span] = await findTrace(traceIds.attributes);
    assert.ok(span);
    assert.equal(span.tags.get("url.query"), "search=****&sort=****&token=****");
    assert.equal(span.tags.get("url.full"), "https****example.com/reset?search=****&token=****#top");
  });

  it("leaves ordinary values unchanged", async () => {
    const [span] = await findTrace(traceIds.ordinary);
    assert.ok(span);
    assert.equal(span.name, "GET /api/things/{id}");
    assert.deepEqual(Object.fromEntries(span.tags), {
      "span.kind": "server",
      error: true,
      "otel.status_code": "ERROR",
      "otel.status_description": message,
      "otel.scope.name": "test",
      "w3c.tracestate": "vendor=t61rcWkgMzE",
      "http.route": "/api/things/{id}",
      "http.response.status_code": 500,
      "url.path": "/api/things/1",
      "url.query": "limit=****",
      "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) basic token reader",
      "request.id": "01JCXYZABCDEFGHJKMNPQRSTVW",
      "request.phase.query": 0.25,
      "db.system.name": "postgresql",
      "db.query.text": statement,
      "gen_ai.usage.input_tokens": 12,
      "http.request.header.accept": '["text/plain","*/*"]',
      note: "a=b, 3 tokens left: retry? me@example.com at http://example.com/a@b",
    });
    const text = await answerText(`/api/traces/${traceIds.ordinary}`);
    for (const kept of ["slow_query", "01234567"]) assert.ok(text.includes(kept), kept);
    assert.ok(!text.includes("redaction.name"), "something of the way through the collector is left");
    const [count] = await query(`redaction_test_${run}_total`);
    assert.equal(count?.labels.plan, "gold");
  });

  it("counts the spans that had secrets", async () => {
    const leaky = `${service}-leaky`;
    const attributes = { note: `token: ${plant()}` };
    await sendSpans(addresses.otlp, { service: leaky }, [
      { traceId: newTraceId(), name: "clean", attributes: { note: "no token" } },
      { traceId: newTraceId(), name: "leaky", attributes },
      { traceId: newTraceId(), name: "leaky", events: [{ name: "exception", attributes }] },
    ]);
    await eventually(15, async () => {
      const calls = `traces_span_metrics_calls_total{service_name="${leaky}"}`;
      const counted = await query(`sum by (span_name, redaction_masked_count) (${calls})`);
      assert.deepEqual(
        counted.map(({ labels, value }) => [labels.span_name, labels.redaction_masked_count, value]).sort(),
        [
          ["clean", undefined, 1],
          ["leaky", "1", 2],
        ],
      );
    });
  });
});

const tag = (name: string) => (span: Span) => span.tags.get(name);

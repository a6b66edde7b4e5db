import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { createDatabase, freePort, root, spawnService, token } from "../../support/helper.ts";
import { type Dependency, dependency, ok } from "../http-client/dependency.ts";

describe("the trace context of outbound calls", () => {
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let target: Dependency;
  before(async () => {
    db = await createDatabase();
    target = await dependency((socket) => ok(socket));
  });
  after(async () => {
    await target.stop();
    await db.drop();
  });

  /** Returns the headers that a service at `host` receives. */
  async function received(host: string, env: Record<string, string>, sampled = "01"): Promise<string> {
    const service = await spawnService({
      MYSQL_URL: db.url,
      OTEL_TRACES_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      OUTBOUND_ALLOW_PRIVATE: "127.0.0.1",
      ...env,
    });
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const url = `http://${host}:${new URL(target.url).port}/`;
    const body = JSON.stringify({ name: "Call me", url });
    const created = await fetch(`${service.url}/api/fixture/items`, { method: "POST", headers, body });
    const ids = `${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}`;
    const context = { traceparent: `00-${ids}-${sampled}`, tracestate: "vendor=ours", baggage: "user=ours" };
    const before = target.received.length;
    const call = `${service.url}${created.headers.get("location")}/calls`;
    assert.equal((await fetch(call, { method: "POST", headers: { ...headers, ...context } })).status, 201);
    await service.stop();
    return target.received.slice(before).join("");
  }

  it("includes baggage and tracestate only for our own hosts, whether the request is traced or not", async () => {
    const env = { OUTBOUND_OWN_HOSTS: ".localhost" };
    for (const sampled of ["00", "01"]) {
      const own = await received("localhost", env, sampled);
      assert.match(own, /^traceparent: /m);
      assert.match(own, /^tracestate: vendor=ours\r$/m);
      assert.match(own, /^baggage: user=ours\r$/m);
      const other = await received("127.0.0.1", env, sampled);
      assert.match(other, /^traceparent: /m);
      assert.doesNotMatch(other, /ours/);
    }
  });

  it("includes neither by default, with any propagators", async () => {
    for (const propagators of ["tracecontext,baggage", "baggage,b3multi,tracecontext"]) {
      const headers = await received("localhost", { OTEL_PROPAGATORS: propagators });
      assert.match(headers, /^traceparent: /m);
      assert.equal(/^x-b3-traceid: /im.test(headers), propagators.includes("b3"));
      assert.doesNotMatch(headers, /ours|baggage|tracestate/);
    }
  });

  it("includes neither when no hook marks the target, as for a queue's message", async () => {
    const script = `
      await import("./src/telemetry.ts");
      const { propagation, ROOT_CONTEXT, trace, createTraceState } = await import("@opentelemetry/api");
      const span = { traceId: "${randomBytes(16).toString("hex")}", spanId: "${randomBytes(8).toString("hex")}", traceFlags: 1, traceState: createTraceState("vendor=ours") };
      const within = trace.setSpanContext(propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ user: { value: "ours" } })), span);
      const carrier = {};
      propagation.inject(within, carrier);
      console.log(JSON.stringify(carrier));
      process.exit();`;
    const env = {
      PATH: process.env.PATH,
      OUTBOUND_OWN_HOSTS: ".localhost",
      OTEL_TRACES_EXPORTER: "none",
      OTEL_METRICS_EXPORTER: "none",
    };
    const entry = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, entry, { cwd: root, env });
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ["traceparent"]);
  });

  it("is limited for fetch() and node:http, and their spans are redacted", async () => {
    const closed = `http://127.0.0.1:${await freePort()}`;
    const script = `
      await import("./src/telemetry.ts");
      const { context, propagation, trace } = await import("@opentelemetry/api");
      const http = await import("node:http");
      const { once } = await import("node:events");
      const url = "${target.url}/hooks/planted?token=planted&planted";
      const own = url.replace("127.0.0.1", "localhost");
      const within = trace.setSpanContext(propagation.setBaggage(context.active(), propagation.createBaggage({ user: { value: "ours" } })),
        { traceId: "${randomBytes(16).toString("hex")}", spanId: "${randomBytes(8).toString("hex")}", traceFlags: 1 });
      await context.with(within, async () => {
        for (const to of [url, own]) {
          await (await fetch(to)).text();
          const [answer] = await once(http.get(to, { headers: { "user-agent": "u".repeat(999) } }), "response");
          answer.resume();
          await once(answer, "end");
        }
        await once(http.get("${closed}/planted"), "error");
        await fetch("${closed}/planted").catch(() => {});
      });
      const { telemetry } = await import("./src/telemetry.ts");
      await telemetry.shutdown();
      process.exit();`;
    const env = {
      ...process.env,
      OUTBOUND_OWN_HOSTS: "localhost",
      OTEL_TRACES_EXPORTER: "console",
      // These would print the script itself.
      OTEL_NODE_RESOURCE_DETECTORS: "none",
      OTEL_NODE_EXPERIMENTAL_SDK_METRICS: "false",
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
    };
    const before = target.received.length;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: root,
      env,
      timeout: 15_000,
    });
    assert.equal(stderr, "");
    const requests = target.received
      .slice(before)
      .join("")
      .split(/(?=^GET )/m);
    assert.equal(requests.length, 4);
    for (const request of requests) {
      assert.match(request, /^traceparent: /m);
      assert.equal(/^baggage: user=ours\r$/m.test(request), /^host: localhost/im.test(request), request);
    }
    const spans = stdout.match(/'?url\.full'?: .*/g) ?? [];
    assert.equal(spans.filter((span) => /\/REDACTED\?token=REDACTED&REDACTED'/.test(span)).length, 2, spans.join("\n"));
    assert.equal(
      spans.filter((span) => /localhost:\d+\/hooks\/planted\?token=REDACTED&REDACTED'/.test(span)).length,
      2,
    );
    assert.equal(spans.filter((span) => span.includes(`${closed}/REDACTED'`)).length, 2, spans.join());
    const names = stdout.match(/^ {2}name: '.*'/gm)?.map((line) => line.slice(9, -1));
    assert.deepEqual(
      names?.toSorted(),
      [...Array<string>(4).fill("GET 127.0.0.1"), ...Array<string>(2).fill("GET localhost")],
      "named for the host",
    );
    assert.doesNotMatch(stdout.replaceAll("/hooks/planted", ""), /planted|u{257}/);
  });
});

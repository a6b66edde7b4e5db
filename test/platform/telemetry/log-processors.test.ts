// Log lines over OTLP: each arrives once and whole, a bounded number waits, and those that don't arrive are counted.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { serviceName } from "../../../scripts/bootstrap/package.js";
import { evaluate } from "../../support/evaluate.ts";
import { addressOf, freePort } from "../../support/helper.ts";
import { type ReceivedLog, startOtlpReceiver } from "../../support/otlp-receiver.ts";

const otlp = { OTEL_LOGS_EXPORTER: "otlp" };

/** Runs `script` with telemetry and a logger. Returns what it wrote to standard output, and the modules that it loaded. */
async function run(script: string, env: Record<string, string>) {
  const { output, modules } = await evaluate(
    `import { telemetry } from "./src/telemetry.ts";
     import { trace } from "@opentelemetry/api";
     const { createLogger } = await import("./src/platform/log.ts");
     const log = createLogger("info");
     const lost = async (destination) => {
       const { resourceMetrics } = await telemetry.metricsReader.collect();
       const counters = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
       const points = counters.find(({ descriptor }) => descriptor.name === "log.lines.lost").dataPoints;
       return points.find(({ attributes }) => attributes.destination === destination)?.value;
     };
     ${script}`,
    env,
    { telemetry: true },
  );
  return { output, lines: output.split("\n").filter((line) => line.startsWith("{")), modules };
}

const slowLine = `
  const cause = Object.assign(new Error("for the cause"), { code: "ECONNREFUSED", syscall: "connect" });
  const fields = { route: "/{id}", durationMs: 12.5, phases: { query: 1, own: 2 }, err: new Error("oh", { cause }) };
  trace.getTracer("test").startActiveSpan("request", (span) => {
    log.warn(fields, "slow");
    span.end();
  });`;

/** A received line in the shape of the line on standard output, without the stack. */
function asLine({ body, severityText, timeUnixNano, traceId, spanId, attributes }: ReceivedLog): object {
  const { "exception.type": type, "exception.message": message, err, ...rest } = attributes;
  const { "exception.stacktrace": _, ...fields } = rest;
  const time = new Date(Number(timeUnixNano / 1_000_000n)).toISOString();
  const ids = traceId === undefined || traceId === "" ? {} : { trace_id: traceId, span_id: spanId, trace_flags: "01" };
  return {
    level: severityText,
    time,
    ...ids,
    ...fields,
    ...(type !== undefined && { err: { type, message, ...Object(err) } }),
    msg: body,
  };
}

function withoutStack(line: string): object {
  const { err, ...rest } = JSON.parse(line);
  if (err === undefined) return rest;
  const { stack, ...fields } = err;
  assert.match(stack, /^ {4}at /);
  return { ...rest, err: fields };
}

describe("log lines over OTLP", () => {
  for (const [mode, protocol] of [
    ["lean", "http/protobuf"],
    ["lean", "http/json"],
    ["standard", "http/protobuf"],
  ] as const) {
    it(`arrive once, as on standard output, with ${mode} telemetry over ${protocol}`, async () => {
      const receiver = await startOtlpReceiver(protocol);
      const env = { ...receiver.env, ...otlp, TELEMETRY_MODE: mode };
      const { lines } = await run(
        `${slowLine}
         log.child({ component: "test" }).error(new TypeError("alone"));
         log.error(new TypeError("explained"), "with %s", "values");
         log.fatal({ number: 1 }, "last");
         await telemetry.shutdown();`,
        env,
      );
      const { logs } = receiver;
      assert.deepEqual(logs.map(asLine), lines.map(withoutStack));
      assert.deepEqual(
        logs.map(({ severityNumber }) => severityNumber),
        [13, 17, 17, 21],
      );
      const [slow] = logs;
      assert.match(slow?.traceId ?? "", /^[0-9a-f]{32}$/);
      assert.match(String(slow?.attributes["exception.stacktrace"]), /^ {4}at /);
      assert.equal(slow?.resource["service.name"], serviceName);
      assert.deepEqual(
        receiver.spans.map(({ name }) => name),
        ["request"],
      );
      receiver.stop();
    });
  }

  it("are neither sent nor parsed by default", async () => {
    for (const env of [{}, { OTEL_LOGS_EXPORTER: "none" }, { OTEL_LOGS_EXPORTER: "" }]) {
      const receiver = await startOtlpReceiver();
      const script = `const parse = JSON.parse;
        let parsed = 0;
        JSON.parse = (...args) => { parsed += 1; return parse(...args); };
        ${slowLine}
        console.log("parsed " + parsed);
        await telemetry.shutdown();`;
      const { output, lines } = await run(script, { ...receiver.env, ...env });
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", /"trace_id":"[0-9a-f]{32}"/);
      assert.match(output, /parsed 0/);
      assert.ok(receiver.requests.every(({ path }) => path !== "/v1/logs"));
      receiver.stop();
    }
  });

  it("are written to the console too when configured to", async () => {
    const receiver = await startOtlpReceiver();
    const { output } = await run(
      `${slowLine}
await telemetry.shutdown();`,
      { ...receiver.env, OTEL_LOGS_EXPORTER: "console" },
    );
    assert.match(output, /severityText: 'warn'/);
    receiver.stop();
  });

  it("wait in a queue of OTEL_BLRP_MAX_QUEUE_SIZE and are counted beyond it, without a further line", async () => {
    const receiver = await startOtlpReceiver();
    const env = {
      OTEL_BLRP_MAX_QUEUE_SIZE: "20",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "20",
      OTEL_BLRP_SCHEDULE_DELAY: "60000",
    };
    const { output, lines } = await run(
      `for (let number = 0; number < 19; number += 1) log.info({ number }, "fits");
       console.log("lost " + (await lost("otlp")));
       await telemetry.flushLogs();
       for (let number = 0; number < 50; number += 1) log.info({ number }, "many");
       console.log("lost " + (await lost("otlp")) + " and " + (await lost("stdout")));
       await telemetry.shutdown();`,
      { ...receiver.env, ...otlp, ...env },
    );
    assert.match(output, /lost 0\n[\s\S]*lost 30 and 0\n/);
    assert.equal(lines.length, 69);
    assert.equal(receiver.logs.length, 39);
    receiver.stop();
  });

  it("are counted when the receiver does not accept them", async () => {
    const server = createServer((_request, response) => response.writeHead(400).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { output } = await run(
      `for (let number = 0; number < 7; number += 1) log.info({ number }, "refused");
       await telemetry.flushLogs();
       console.log("lost " + (await lost("otlp")));`,
      { ...otlp, OTEL_METRICS_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: addressOf(server.address()) },
    );
    assert.match(output, /lost 7\n/);
    server.close();
  });

  it("cause no further lines or spans while the receiver is away", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "200",
      OTEL_BLRP_SCHEDULE_DELAY: "50",
      OTEL_TRACES_EXPORTER: "console",
      OTEL_METRICS_EXPORTER: "none",
    };
    const { output, lines } = await run(
      `const { reportDiagnostics } = await import("./src/platform/telemetry/diagnostics.ts");
       reportDiagnostics(log);
       for (let round = 0; round < 10; round += 1) {
         log.info("a line");
         await new Promise((resolve) => setTimeout(resolve, 150));
       }`,
      { ...env, ...otlp },
    );
    const others = lines.filter((line) => !line.includes("a line"));
    assert.equal(others.length, 1, others.join("\n"));
    assert.match(others[0] ?? "", /can't send telemetry; logged once per outage/);
    assert.doesNotMatch(output, /traceId/);
  });
});

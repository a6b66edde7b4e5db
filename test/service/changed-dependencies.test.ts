// The service must keep working when a dependency changes something undocumented that the service relies on.
import assert from "node:assert/strict";
import { evaluateMutated } from "../support/mutated.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

/** Starts an application, sends it a request, and prints the status and the log. */
const requestOnce = `
  import { once } from "node:events";
  import { createServer } from "node:http";
  import { Application } from "./src/platform/http/application.ts";
  const warnings = [];
  const app = new Application({ warn: (message) => warnings.push(message) });
  app.use((ctx) => { ctx.body = "answer"; });
  const server = createServer(app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { status } = await fetch("http://127.0.0.1:" + server.address().port);
  console.log(JSON.stringify({ status, warnings }));`;

describe("with a changed on-finished", () => {
  const file = "on-finished/index.js";
  const queue = ".queue = []";
  const push = ".queue.push(listener)";

  it("answers as usual when its queue is a Set", async () => {
    const replace = [
      [queue, ".queue = new Set()"],
      [push, ".queue.add(listener)"],
      ["var queue = listener.queue", "var queue = [...listener.queue]"],
    ] as const;
    const { output } = await evaluateMutated(requestOnce, [{ file, replace }]);
    const { status, warnings } = JSON.parse(output);
    assert.equal(status, 200);
    assert.match(warnings.join(), /on-finished has changed/);
  });

  it("answers as usual when its queue has another name", async () => {
    const { output } = await evaluateMutated(requestOnce, [{ file, replace: [["__onFinished", "__waiting"]] }]);
    const { status, warnings } = JSON.parse(output);
    assert.equal(status, 200);
    assert.match(warnings.join(), /on-finished has changed/);
  });

  it("logs nothing with the installed version", async () => {
    const { output } = await evaluateMutated(requestOnce, [{ file, replace: [[push, push]] }]);
    assert.deepEqual(JSON.parse(output), { status: 200, warnings: [] });
  });
});

/** Creates a span and a measurement with the service's telemetry, sends them, and prints telemetry's notes. */
const measureOnce = `
  import { metrics, trace } from "@opentelemetry/api";
  import { telemetry } from "./src/telemetry.ts";
  trace.getTracer("test").startSpan("made", { attributes: { some: "text" } }).end();
  metrics.getMeter("test").createHistogram("measured", { advice: { explicitBucketBoundaries: [1] } }).record(0.5);
  await telemetry.shutdown();
  console.log(JSON.stringify(telemetry.notes));`;

describe("with a changed OpenTelemetry", () => {
  for (const [what, mutation, note] of [
    [
      "an extra field in its tracer",
      { file: "sdk-trace/dist/Tracer.mjs", replace: [["\t_tracerMetrics;\n", "\t_tracerMetrics;\n\t_extra = {};\n"]] },
      /using the SDK's own spans, .*: the SDK's tracer has unknown or missing fields/,
    ],
    [
      "another version of its tracer",
      { file: "sdk-trace/package.json", replace: [['"version": "3.1.', '"version": "3.2.']] },
      /using the SDK's own spans, .*: @opentelemetry\/sdk-trace is 3\.2\.\d+, tested with 3\.1/,
    ],
    [
      "a frozen serializer",
      {
        file: "otlp-transformer/dist/trace/protobuf/trace.mjs",
        replace: [
          ["const ProtobufTraceSerializer = {", "const ProtobufTraceSerializer = Object.freeze({"],
          ["\t}\n};", "\t}\n});"],
        ],
      },
      /can't replace the SDK's protobuf serializer/,
    ],
    [
      "an extra import in its SDK",
      {
        file: "sdk-node/dist/create-from-env.mjs",
        replace: [
          [
            "import { diag ",
            'import { createOtlpGrpcExportDelegate } from "@opentelemetry/otlp-grpc-exporter-base";\nimport { diag ',
          ],
        ],
      },
      /loaded the whole SDK/,
    ],
  ] as const) {
    it(`traces and measures as usual, and notes the higher cost, with ${what}`, async () => {
      const receiver = await startOtlpReceiver("http/protobuf");
      const { output } = await evaluateMutated(measureOnce, [mutation], receiver.env, { telemetry: true });
      assert.match(JSON.parse(output).join("\n"), note);
      const span = receiver.spans.find(({ name }) => name === "made");
      assert.equal(span?.attributes.some, "text");
      assert.equal(receiver.points("measured")[0]?.count, 1);
      receiver.stop();
    });
  }

  it("logs nothing with the installed version", async () => {
    const receiver = await startOtlpReceiver("http/protobuf");
    const same = { file: "sdk-trace/dist/Tracer.mjs", replace: [["_tracerMetrics;", "_tracerMetrics;"]] } as const;
    const { output } = await evaluateMutated(measureOnce, [same], receiver.env, { telemetry: true });
    assert.deepEqual(JSON.parse(output), []);
    receiver.stop();
  });
});

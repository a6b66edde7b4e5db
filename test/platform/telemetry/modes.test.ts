// What users of OpenTelemetry's SDK rely on must work in both modes: their processors, exporters, samplers, detectors and views.
import assert from "node:assert/strict";
import { evaluate } from "../../support/evaluate.ts";
import { root } from "../../support/helper.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const modes = ["lean", "standard"] as const;

/** Runs `script`, which can call `start(options)` to start telemetry, and returns its output. */
async function run(script: string, env: Record<string, string>) {
  const { output } = await evaluate(
    `import { context, metrics, ROOT_CONTEXT, trace } from "@opentelemetry/api";
     import { startTelemetry } from "./src/platform/telemetry/start.ts";
     const service = { name: "test", version: "1.2.3", environment: "test" };
     const start = (options = {}) => startTelemetry({ service, instrumentations: {}, ...options });
     ${script}`,
    env,
  );
  return output;
}

/** The ways in which exporters that mask values copy a span with other attributes. */
const copies = `({
  spread: (span, attributes) => ({ ...span, spanContext: () => span.spanContext(), attributes }),
  "Object.create": (span, attributes) => Object.create(span, { attributes: { value: attributes } }),
  "Object.assign": (span, attributes) => Object.assign(Object.create(Object.getPrototypeOf(span)), span, { attributes }),
  Proxy: (span, attributes) =>
    new Proxy(span, { get: (target, key, proxy) => (key === "attributes" ? attributes : Reflect.get(target, key, proxy)) }),
})`;

for (const mode of modes)
  describe(`${mode} telemetry`, () => {
    let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
    let env: Record<string, string>;
    beforeEach(async () => {
      receiver = await startOtlpReceiver("http/protobuf");
      env = { ...receiver.env, TELEMETRY_MODE: mode };
    });
    afterEach(() => receiver.stop());

    it("exports copies of spans, made in any way", async () => {
      await run(
        `import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
         import { SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
         const copies = ${copies};
         const inner = new OTLPTraceExporter();
         const exporter = {
           export: (spans, done) => inner.export(
             spans.map((span) => copies[span.name](span, { ...span.attributes, "client.address": "masked" })), done),
           forceFlush: () => inner.forceFlush(),
           shutdown: () => inner.shutdown(),
         };
         const telemetry = await start({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
         for (const name of Object.keys(copies)) {
           const span = trace.getTracer("test").startSpan(name, { attributes: { "client.address": "192.0.2.1", kept: 1 } });
           span.addEvent("event", { some: "text" }).end();
         }
         await telemetry.shutdown();`,
        { ...env, OTEL_TRACES_EXPORTER: "none" },
      );
      for (const name of ["spread", "Object.create", "Object.assign", "Proxy"]) {
        const span = receiver.spans.find((span) => span.name === name);
        assert.deepEqual(span?.attributes, { "client.address": "masked", kept: 1 }, name);
        assert.ok(span.endTimeUnixNano >= span.startTimeUnixNano);
        assert.deepEqual(
          [span.events].flat().map((event) => Reflect.get(Object(event), "name")),
          ["event"],
          name,
        );
      }
    });

    it("sends the scope of spans, the counts of what was dropped, and times in nanoseconds", async () => {
      await run(
        `const telemetry = await start();
         const span = trace.getTracerProvider().getTracer("scope", "4.5", { schemaUrl: "https://example.com/schema" }).startSpan("made");
         for (let count = 0; count < 80; count += 1) span.setAttribute("a" + count, count);
         for (let count = 0; count < 5; count += 1) span.addEvent("event " + count, {}, [2000000000, 123456780 + count]);
         span.end([2000000001, 987654321]);
         await telemetry.shutdown();`,
        { ...env, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "70", OTEL_SPAN_EVENT_COUNT_LIMIT: "3" },
      );
      const [span] = receiver.spans;
      assert.equal(span?.endTimeUnixNano, 2_000_000_001_987_654_321n);
      assert.equal(span.droppedAttributesCount, 10);
      assert.equal(span.droppedEventsCount, 2);
      const sent = receiver.texts.join();
      assert.match(sent, /"timeUnixNano":"2000000000123456784"/);
      assert.match(sent, /"scope":\{"name":"scope","version":"4.5"/);
      assert.match(sent, /"schemaUrl":"https:\/\/example.com\/schema"/);
    });

    it("uses custom processors, a custom sampler and custom resource detectors", async () => {
      await run(
        `import { AlwaysOnSampler } from "@opentelemetry/sdk-trace";
         const processor = {
           onStart: (span) => span.setAttribute("added", "at the start"),
           onEnding: (span) => span.setAttribute("ended", "with " + Object.keys(span.attributes).length),
           onEnd() {},
           forceFlush: async () => {},
           shutdown: async () => {},
         };
         const always = new AlwaysOnSampler();
         const sampler = {
           shouldSample: (...args) => (args[2] === "not wanted" ? { decision: 0 } : always.shouldSample(...args)),
           toString: () => "test",
         };
         const detector = { detect: () => ({ attributes: { "team.name": Promise.resolve("payments") } }) };
         const telemetry = await start({ spanProcessors: [processor], sampler, resourceDetectors: [detector] });
         for (const name of ["wanted", "not wanted"]) trace.getTracer("test").startSpan(name).end();
         await telemetry.shutdown();`,
        env,
      );
      assert.deepEqual(
        receiver.spans.map(({ name, attributes }) => ({ name, attributes })),
        [{ name: "wanted", attributes: { added: "at the start", ended: "with 1" } }],
      );
      assert.equal(receiver.resources[0]?.["team.name"], "payments");
      assert.equal(receiver.resources[0]["service.version"], "1.2.3");
    });

    it("keeps spans and records apart when their attributes object changes in between", async () => {
      await run(
        `const telemetry = await start();
         const attributes = { step: 1 };
         const histogram = metrics.getMeter("test").createHistogram("test.duration", { advice: { explicitBucketBoundaries: [1] } });
         const spans = [];
         for (const step of [1, 2]) {
           attributes.step = step;
           spans.push(trace.getTracer("test").startSpan("step", { attributes }));
           histogram.record(step / 2, attributes);
         }
         for (const span of spans) span.end();
         await telemetry.shutdown();`,
        env,
      );
      assert.deepEqual(
        receiver.spans.map(({ attributes }) => attributes.step),
        [1, 2],
      );
      // The SDK's histograms count them apart, but export the object's latest state for both.
      assert.deepEqual(
        receiver.points("test.duration").map(({ count }) => count),
        [1, 1],
      );
    });

    it("prints metrics on the console at the configured interval", async () => {
      const output = await run(
        `const telemetry = await start();
         metrics.getMeter("test").createHistogram("test.duration", { advice: { explicitBucketBoundaries: [1] } }).record(0.5);
         // Exits without a shutdown, which would print them too.
         await new Promise((resolve) => setTimeout(resolve, 700));
         process.exit();`,
        { ...env, OTEL_METRICS_EXPORTER: "console", OTEL_METRIC_EXPORT_INTERVAL: "200", OTEL_TRACES_EXPORTER: "none" },
      );
      assert.match(output, /test\.duration/);
    });

    it("applies views, to the service's histograms too", async () => {
      const output = await run(
        `import { AggregationType } from "@opentelemetry/sdk-metrics";
         const view = {
           instrumentName: "test.duration",
           aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [7, 8] } },
         };
         const telemetry = await start({ views: [view] });
         metrics.getMeter("test").createHistogram("test.duration", { advice: { explicitBucketBoundaries: [1] } }).record(5);
         await telemetry.shutdown();
         console.log(JSON.stringify(telemetry.notes));`,
        env,
      );
      assert.match(receiver.texts.join(), /"explicitBounds":\[7,8\]/);
      assertNotes(output, /using the SDK's own histograms, .*views/);
    });

    it("exports min and max with delta temporality", async () => {
      const output = await run(
        `const telemetry = await start();
         const histogram = metrics.getMeter("test").createHistogram("test.duration", { advice: { explicitBucketBoundaries: [1] } });
         histogram.record(0.25);
         histogram.record(0.75);
         await telemetry.shutdown();
         console.log(JSON.stringify(telemetry.notes));`,
        { ...env, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta" },
      );
      const [point] = receiver.points("test.duration");
      assert.deepEqual([point?.count, point?.min, point?.max], [2, 0.25, 0.75]);
      assertNotes(output, /using the SDK's own histograms, .*delta/);
    });

    it("says that a configuration file overrides settings in code", async () => {
      const output = await run(
        `const sampler = { shouldSample: () => ({ decision: 0 }), toString: () => "never" };
         const telemetry = await start({ sampler });
         console.log(JSON.stringify(telemetry.notes));
         await telemetry.shutdown();`,
        { TELEMETRY_MODE: mode, OTEL_CONFIG_FILE: `${root}/test/support/empty-otel.yaml` },
      );
      assert.match(output, /OTEL_CONFIG_FILE is set: ignoring/);
    });

    /** Expects one note in lean mode, and none in standard mode, which has nothing to fall back from. */
    function assertNotes(output: string, note: RegExp): void {
      const notes: string[] = JSON.parse(output);
      assert.equal(notes.length, mode === "standard" ? 0 : 1);
      for (const line of notes) assert.match(line, note);
    }
  });

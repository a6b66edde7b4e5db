import assert from "node:assert/strict";
import { type Attributes, context, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { spansAsOtlp } from "../../src/platform/otlp-spans.ts";

const text = fc.string({ unit: "binary", maxLength: 300 });
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, -1, 127, 128, 2 ** 31, 2 ** 32, -(2 ** 63), 2 ** 62, 2 ** 63, 1e300),
);
const number = fc.oneof(integer, fc.double());
const value = fc.oneof(text, number, fc.boolean(), fc.array(text), fc.array(number), fc.array(fc.boolean()));
const attributes = fc.dictionary(fc.oneof(fc.constantFrom("http.route", "é"), text), value, { maxKeys: 20 });
const traceId = fc.stringMatching(/^[0-9a-f]{31}[1-9a-f]$/);
const spanId = fc.stringMatching(/^[0-9a-f]{15}[1-9a-f]$/);
const spanContext = fc.record(
  {
    traceId,
    spanId,
    traceFlags: fc.constantFrom(TraceFlags.SAMPLED, TraceFlags.NONE),
    isRemote: fc.boolean(),
    traceState: fc.constantFrom(new TraceState("vendor=1,other=x"), new TraceState("")),
  },
  { requiredKeys: ["traceId", "spanId", "traceFlags"] },
);
const span = fc.record(
  {
    name: text,
    kind: fc.constantFrom(...[0, 1, 2, 3, 4]),
    parent: spanContext,
    startMs: fc.double({ min: 1.6e12, max: 3e12, noNaN: true }),
    tookMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    attributes,
    events: fc.array(fc.record({ name: text, attributes }), { maxLength: 3 }),
    links: fc.array(fc.record({ context: spanContext, attributes }), { maxLength: 3 }),
    failed: fc.option(text, { nil: undefined }),
  },
  { requiredKeys: ["name", "kind", "startMs", "tookMs", "attributes", "events", "links", "failed"] },
);

describe("spansAsOtlp", () => {
  it("writes the bytes that the SDK's own exporters write, for any spans", () => {
    const scope = fc.record({ name: text, version: fc.option(text, { nil: undefined }), schemaUrl: text });
    const batch = fc.record({
      resource: attributes,
      scopes: fc.array(fc.record({ scope, spans: fc.array(span, { maxLength: 4 }) }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(batch, ({ resource, scopes }) => {
        const exporter = new InMemorySpanExporter();
        const provider = new TracerProvider({
          resource: resourceFromAttributes(resource),
          spanProcessors: [new SimpleSpanProcessor({ exporter })],
        });
        for (const { scope, spans } of scopes) {
          const tracer = provider.getTracer(scope.name, scope.version, { schemaUrl: scope.schemaUrl });
          for (const { name, kind, parent, startMs, tookMs, attributes, events, links, failed } of spans) {
            const under = parent === undefined ? context.active() : trace.setSpanContext(context.active(), parent);
            const made = tracer.startSpan(name, { kind, attributes, links, startTime: startMs }, under);
            for (const event of events) made.addEvent(event.name, event.attributes, startMs);
            if (failed !== undefined) made.setStatus({ code: 2, message: failed });
            made.end(startMs + tookMs);
          }
        }
        const finished = exporter.getFinishedSpans();
        const expected = ProtobufTraceSerializer.serializeRequest(finished);
        assert.ok(expected);
        assert.equal(Buffer.compare(spansAsOtlp(finished), expected), 0);
      }),
    );
  });

  it("writes maps and bytes as well, and nothing for what is no value", () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const attributes: Attributes = {};
    const nested = { map: { a: 1, b: ["x", { c: null }], c: new Uint8Array([1, 2, 3]) }, none: undefined, null: null };
    Object.assign(attributes, nested);
    const made = provider.getTracer("test").startSpan("nested", { kind: SpanKind.SERVER });
    // What the API's types do not allow, and the wire does.
    Object.assign(Reflect.get(made, "attributes"), nested);
    made.end();
    const finished = exporter.getFinishedSpans();
    const expected = ProtobufTraceSerializer.serializeRequest(finished);
    assert.ok(expected);
    assert.deepEqual([...spansAsOtlp(finished)], [...expected]);
  });
});

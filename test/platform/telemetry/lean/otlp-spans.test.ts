import assert from "node:assert/strict";
import { type Attributes, context, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { spansAsOtlp } from "../../../../src/platform/telemetry/lean/otlp-spans.ts";
import { usedByData } from "../../../support/heap.ts";

/** Around the lengths at which texts are written or kept in another way. */
const lengths = [0, 1, 63, 64, 65, 127, 128, 199, 200, 201];
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
  fc.constantFrom(...lengths.flatMap(textsOfLength)),
);
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

/** With letters of one to four bytes, and halves of such, throughout or only at an end. */
function textsOfLength(length: number): string[] {
  return ["a", "\x7f", "\x80", "é", "€", "\ud83d\ude00", "\ud83d", "\ude00"].flatMap((letters) => [
    letters.repeat(length).slice(0, length),
    "x".repeat(length).slice(letters.length) + letters,
    letters + "x".repeat(length).slice(letters.length),
  ]);
}

/** As the API's types do not allow them all, and the wire does. */
function spansWith(each: readonly object[]): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("test");
  for (const attributes of each) {
    const made = tracer.startSpan("test", { kind: SpanKind.SERVER });
    Object.assign(Reflect.get(made, "attributes"), attributes);
    made.end();
  }
  return exporter.getFinishedSpans();
}

function assertSameBytes(spans: ReadableSpan[]): void {
  const expected = ProtobufTraceSerializer.serializeRequest(spans);
  assert.ok(expected);
  assert.equal(Buffer.compare(spansAsOtlp(spans), expected), 0);
}

/** Writes many spans, each with other attributes and another name. */
function assertBounded(attributesOf: (made: number) => Attributes): void {
  const [one] = spansWith([{}]);
  assert.ok(one);
  let made = 0;
  const write = (batches: number) => {
    for (let batch = 0; batch < batches; batch++) {
      const spans: ReadableSpan[] = Array.from({ length: 200 }, () => {
        made += 1;
        return Object.create(one, { name: { value: `name ${made}` }, attributes: { value: attributesOf(made) } });
      });
      spansAsOtlp(spans);
    }
  };
  write(100);
  const before = usedByData();
  write(900);
  assert.ok(usedByData() - before < 3_000_000, `${usedByData() - before} bytes more`);
}

describe("spansAsOtlp", () => {
  // Ahead of all that has ever new keys: only so many are kept.
  it("writes what repeats the same way each time, whatever it looks like", () => {
    const alike = [
      ["1", 1, true, 1.5, "true", [1], ["1"], { "1": 1 }],
      ["0", 0, -0, false, "", "-0", [-0], null, undefined],
      ["NaN", Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, 0.1, -0.1],
      [-1, -128, 255, 256, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, -(2 ** 63), 1e300, -1e300],
      ["\ud800", "\udc00", "\ufffd", "\ud83d\ude00", "\ude00\ud83d", "é", "e\u0301"],
    ];
    const key = fc.constantFrom("a", "é", "same.key", "k".repeat(200), "k".repeat(201));
    const batches = fc.array(fc.array(fc.dictionary(key, fc.constantFrom(...alike.flat())), { maxLength: 20 }));
    fc.assert(
      fc.property(batches, (batches) => {
        for (const each of batches) assertSameBytes(spansWith(each));
      }),
    );
  });

  it("writes texts of any length the same way each time", () => {
    for (const length of lengths) {
      const each = textsOfLength(length).map((text) => ({ [`text.of.${length}`]: text }));
      assertSameBytes(spansWith([...each, ...each]));
      assertSameBytes(spansWith(each));
    }
  });

  it("writes keys that have many values, few at first and then ever new ones", () => {
    const key = "many.values";
    const numbered = Array.from({ length: 200 }, (_, index) => ({
      [key]: index % 2 === 0 ? `/orders/${index}` : index,
    }));
    for (const spans of [numbered.slice(0, 60), numbered.slice(0, 70), numbered, numbered])
      assertSameBytes(spansWith([...spans, ...spans]));
  });

  it("keeps only so many values of a key", () => {
    assertBounded((made) => ({ "new.values": `/orders/${made}` }));
  });

  it("writes maps and bytes as well, and nothing for what is no value", () => {
    const map = { a: 1, b: ["x", { c: null }], c: new Uint8Array([1, 2, 3]), d: { a: "1", b: { a: -0, c: 0.5 } } };
    assertSameBytes(spansWith([{ map, none: undefined, null: null }]));
  });

  it("writes ids in capitals as well", () => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    const traceId = "0123456789ABCDEFabcdef9876543210";
    const parent = trace.setSpanContext(context.active(), { traceId, spanId: "FEDCBA9876543210", traceFlags: 1 });
    provider.getTracer("test").startSpan("test", {}, parent).end();
    assertSameBytes(exporter.getFinishedSpans());
  });

  it("writes messages of any length", () => {
    for (const length of [0, 1, 100, 16_000, 16_383, 16_384, 70_000, 2_100_000])
      assertSameBytes(spansWith([{ text: "x".repeat(length) }]));
  });

  it("writes keys of any number", () => {
    const attributes = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key.${index}`, index / 4]));
    assertSameBytes(spansWith([attributes, attributes]));
    assertSameBytes(spansWith([attributes]));
  });

  it("keeps only so many keys", () => {
    assertBounded((made) => ({ [`key.${made}`]: made }));
  });

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
        assertSameBytes(exporter.getFinishedSpans());
      }),
    );
  });
});

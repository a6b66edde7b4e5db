import assert from "node:assert/strict";
import { type Attributes, context, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { serializeSpans } from "../../../../src/platform/telemetry/lean/otlp-spans.ts";
import { usedByData } from "../../../support/heap.ts";

/** Lengths around the limits for copying a string by character, caching it and the size of its length. */
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

/** Texts with characters of one to four bytes and lone surrogates: throughout, at the end, and at the start. */
function textsOfLength(length: number): string[] {
  return ["a", "\x7f", "\x80", "é", "€", "\ud83d\ude00", "\ud83d", "\ude00"].flatMap((character) => [
    character.repeat(length).slice(0, length),
    "x".repeat(length).slice(character.length) + character,
    character + "x".repeat(length).slice(character.length),
  ]);
}

/** Assigns attributes past the API's types, which don't allow everything that the wire format does. */
function spansWith(each: readonly object[]): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("test");
  for (const attributes of each) {
    const span = tracer.startSpan("test", { kind: SpanKind.SERVER });
    Object.assign(Reflect.get(span, "attributes"), attributes);
    span.end();
  }
  return exporter.getFinishedSpans();
}

function assertSameBytes(spans: ReadableSpan[]): void {
  const expected = ProtobufTraceSerializer.serializeRequest(spans);
  assert.ok(expected);
  assert.equal(Buffer.compare(serializeSpans(spans), expected), 0);
}

/** Serializes many spans with different attributes and names, and asserts that the heap hardly grows. */
function assertBounded(attributesOf: (index: number) => Attributes): void {
  const [prototype] = spansWith([{}]);
  assert.ok(prototype);
  let index = 0;
  const write = (batches: number) => {
    for (let batch = 0; batch < batches; batch++) {
      const spans: ReadableSpan[] = Array.from({ length: 200 }, () => {
        index += 1;
        return Object.create(prototype, {
          name: { value: `name ${index}` },
          attributes: { value: attributesOf(index) },
        });
      });
      serializeSpans(spans);
    }
  };
  write(100);
  const before = usedByData();
  write(900);
  assert.ok(usedByData() - before < 3_000_000, `${usedByData() - before} bytes more`);
}

describe("serializeSpans", () => {
  // Must run first: the tests with many keys fill the cache.
  it("writes repeated values the same way each time", () => {
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

  it("writes a key whose values outgrow the cache", () => {
    const key = "many.values";
    const numbered = Array.from({ length: 200 }, (_, index) => ({
      [key]: index % 2 === 0 ? `/orders/${index}` : index,
    }));
    for (const spans of [numbered.slice(0, 60), numbered.slice(0, 70), numbered, numbered])
      assertSameBytes(spansWith([...spans, ...spans]));
  });

  it("bounds the cached values of a key", () => {
    assertBounded((index) => ({ "new.values": `/orders/${index}` }));
  });

  it("writes maps and bytes, and nothing for undefined and null", () => {
    const map = { a: 1, b: ["x", { c: null }], c: new Uint8Array([1, 2, 3]), d: { a: "1", b: { a: -0, c: 0.5 } } };
    assertSameBytes(spansWith([{ map, none: undefined, null: null }]));
  });

  it("writes ids in upper case", () => {
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

  it("writes any number of keys", () => {
    const attributes = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key.${index}`, index / 4]));
    assertSameBytes(spansWith([attributes, attributes]));
    assertSameBytes(spansWith([attributes]));
  });

  it("bounds the cached keys", () => {
    assertBounded((index) => ({ [`key.${index}`]: index }));
  });

  it("writes the same bytes as the SDK's exporters, for any spans", () => {
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
            const span = tracer.startSpan(name, { kind, attributes, links, startTime: startMs }, under);
            for (const event of events) span.addEvent(event.name, event.attributes, startMs);
            if (failed !== undefined) span.setStatus({ code: 2, message: failed });
            span.end(startMs + tookMs);
          }
        }
        assertSameBytes(exporter.getFinishedSpans());
      }),
    );
  });
});

import assert from "node:assert/strict";
import { type Attributes, context, diag, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { hrTimeDuration, hrTimeToMicroseconds } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { LeanSpan } from "../../../../src/platform/telemetry/lean/span.ts";

const spanContext = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
const circular: Attributes = {};
circular.self = circular;

const key = fc.constantFrom("", "a", "b", "c", "d", "e", "first");
const value = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.double(),
  fc.boolean(),
  fc.array(fc.oneof(fc.string({ maxLength: 12 }), fc.integer())),
  fc.dictionary(key, fc.string({ maxLength: 12 })),
  fc.constantFrom(undefined, null, 1n, Symbol("none"), () => 1, new Date(0), circular, new Uint8Array(9)),
);
const attributes = fc.dictionary(key, value);
const optionalAttributes = fc.option(attributes, { nil: undefined });
const time = fc.oneof(
  fc.constantFrom(undefined, 0, 0.5),
  fc.double({ min: 1.6e12, max: 3e12, noNaN: true }),
  fc.date({ noInvalidDate: true, min: new Date(1.6e12), max: new Date(3e12) }),
  fc.tuple(fc.integer({ min: 1.6e9, max: 3e9 }), fc.integer({ min: 0, max: 999_999_999 })),
);
const exception = fc.oneof(
  fc.string(),
  fc.string().map((message) => new Error(message)),
  fc
    .record({ code: fc.oneof(fc.integer(), fc.string()), message: fc.string() }, { requiredKeys: ["code"] })
    .map((error) => ({ ...error })),
  fc.string().map((name) => ({ name })),
);
const status = fc.record(
  { code: fc.constantFrom(SpanStatusCode.UNSET, SpanStatusCode.OK, SpanStatusCode.ERROR), message: fc.string() },
  { requiredKeys: ["code"] },
);
const link = fc.record({ context: fc.constant(spanContext), attributes }, { requiredKeys: ["context"] });

/** Every operation on a span except ending it. */
const operation: fc.Arbitrary<(span: Span) => unknown> = fc.oneof(
  fc.tuple(key, value).map(
    ([key, value]) =>
      (span: Span) =>
        span.setAttribute(key, value),
  ),
  attributes.map((attributes) => (span: Span) => span.setAttributes(attributes)),
  fc.tuple(fc.string(), time).map(
    ([name, time]) =>
      (span: Span) =>
        span.addEvent(name, time),
  ),
  fc.tuple(fc.string(), optionalAttributes, time).map(
    ([name, attributes, time]) =>
      (span: Span) =>
        span.addEvent(name, attributes, time),
  ),
  fc.tuple(fc.string(), time, time).map(
    ([name, first, second]) =>
      (span: Span) =>
        span.addEvent(name, first, second),
  ),
  link.map((link) => (span: Span) => span.addLink(link)),
  fc.array(link).map((links) => (span: Span) => span.addLinks(links)),
  status.map((status) => (span: Span) => span.setStatus(status)),
  fc.string().map((name) => (span: Span) => span.updateName(name)),
  fc.tuple(exception, time).map(
    ([exception, time]) =>
      (span: Span) =>
        span.recordException(exception, time),
  ),
);
const ending = time.map((time) => (span: Span) => span.end(time));
const limits = fc.record({
  attributeCountLimit: fc.constantFrom(1, 3, 128),
  attributeValueLengthLimit: fc.constantFrom(1, 5, Number.POSITIVE_INFINITY),
  eventCountLimit: fc.constantFrom(0, 2, 128),
  linkCountLimit: fc.constantFrom(0, 2, 128),
  attributePerEventCountLimit: fc.constantFrom(0, 2, 128),
  attributePerLinkCountLimit: fc.constantFrom(0, 2, 128),
});

const wide = {
  attributeCountLimit: 9,
  attributeValueLengthLimit: 9,
  eventCountLimit: 9,
  linkCountLimit: 9,
  attributePerEventCountLimit: 9,
  attributePerLinkCountLimit: 9,
};

describe("LeanSpan", () => {
  it("behaves like the SDK's span for any sequence of operations", () => {
    const operations = fc.array(fc.oneof({ weight: 9, arbitrary: operation }, ending), { maxLength: 12 });
    fc.assert(
      fc.property(limits, operations, ending, (limits, operations, end) => {
        const [theirs, ours] = startBoth(limits);
        for (const apply of [...operations, end]) {
          apply(theirs);
          apply(ours);
          assertAlike(ours, theirs);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("keeps explicit times to the nanosecond", () => {
    const span = leanSpan();
    const endTime: [number, number] = [span.startTime[0] + 5, 123_456_789];
    span.addEvent("exact", [endTime[0] - 1, 987_654_321]);
    span.end(endTime);
    assert.deepEqual(span.endTime, endTime);
    assert.deepEqual(span.events[0]?.time, [endTime[0] - 1, 987_654_321]);
    assert.deepEqual(span.duration, hrTimeDuration(span.startTime, endTime));
  });

  it("has all public fields of the SDK's span, for code that copies it", () => {
    const [theirs, ours] = startBoth(wide);
    const shown = Object.keys(theirs).filter((name) => !name.startsWith("_"));
    assert.ok(shown.length > 10);
    for (const name of shown) assert.ok(Object.hasOwn(ours, name), name);
  });

  it("accepts null and undefined as attributes and as an exception", () => {
    const [theirs, ours] = startBoth(wide);
    for (const span of [theirs, ours]) {
      for (const nothing of [undefined, null]) {
        Reflect.apply(span.setAttributes, span, [nothing]);
        Reflect.apply(span.recordException, span, [nothing]);
        Reflect.apply(span.addEvent, span, ["nothing", nothing, nothing]);
      }
      span.end();
    }
    assertAlike(ours, theirs);
    assert.equal(ours.events.length, 2);
  });

  it("has a status of its own, which a processor can change", () => {
    const [first, second] = [leanSpan(), leanSpan()];
    first.status.code = SpanStatusCode.ERROR;
    assert.equal(second.status.code, SpanStatusCode.UNSET);
  });

  it("leaves its parent's clock when the time of day has been set meanwhile", () => {
    const parent = leanSpan();
    const { now } = Date;
    const hour = 3_600_000;
    Date.now = () => now() + hour;
    try {
      const child = leanSpan({ localParent: parent });
      assert.ok(Math.abs(hrTimeToMicroseconds(child.startTime) / 1000 - Date.now()) < 1000);
    } finally {
      Date.now = now;
    }
  });

  it("warns once about what its limits dropped, and about a second end", () => {
    const messages: string[] = [];
    const write = (message: string) => messages.push(message);
    diag.setLogger({ error: write, warn: write, info() {}, debug() {}, verbose() {} });
    const span = leanSpan();
    for (let index = 0; index < 12; index += 1) span.setAttribute(`key${index}`, index).addEvent("event");
    span.end();
    span.end();
    diag.disable();
    assert.deepEqual(messages, [
      "the span test reached its limits: dropped 3 attributes, 3 events and 0 links",
      "the span test has ended before: call end() once",
    ]);
  });

  it("calls onEnding while it accepts attributes, and onEnd once it has ended", () => {
    const calls: unknown[] = [];
    const processor: Pick<SpanProcessor, "onEnding" | "onEnd"> = {
      onEnding(span) {
        calls.push(["ending", span.ended, span.duration[0]]);
        span.setAttribute("late", true);
      },
      onEnd: (span) => calls.push(["end", span.ended, span.attributes.late]),
    };
    const span = leanSpan({ processor });
    span.end();
    span.end();
    assert.deepEqual(calls, [
      ["ending", false, 0],
      ["end", true, true],
    ]);
  });

  it("starts at the time of day, and is as exact as the process's clock within a request", () => {
    const outer = timed(() => leanSpan());
    assert.ok(Math.abs(outer.startUs / 1000 - Date.now()) < 1000);
    for (let index = 0; index < 20; index += 1) {
      const inner = timed(() => leanSpan({ localParent: outer.span }));
      const sinceOuterMs = (inner.startUs - outer.startUs) / 1000;
      assert.ok(sinceOuterMs > inner.beforeMs - outer.afterMs - 0.001, `${index}: ${sinceOuterMs} ms`);
      assert.ok(sinceOuterMs < inner.afterMs - outer.beforeMs + 0.001, `${index}: ${sinceOuterMs} ms`);
      while (performance.now() < inner.afterMs + 0.37);
      inner.span.end();
      const { duration, endTime } = inner.span;
      assert.ok(hrTimeToMicroseconds(duration) >= 370);
      assert.ok(Math.abs(hrTimeToMicroseconds(endTime) - inner.startUs - hrTimeToMicroseconds(duration)) < 1);
    }
  });
});

function timed(start: () => LeanSpan) {
  const beforeMs = performance.now();
  const span = start();
  return { span, startUs: hrTimeToMicroseconds(span.startTime), beforeMs, afterMs: performance.now() };
}

interface SpanOptions {
  processor?: Pick<SpanProcessor, "onEnding" | "onEnd">;
  localParent?: Span;
}

function leanSpan({ processor = { onEnd() {} }, localParent }: SpanOptions = {}): LeanSpan {
  const origin = { resource: resourceFromAttributes({}), scope: { name: "test" }, limits: wide, processor };
  const start = {
    name: "test",
    kind: SpanKind.SERVER,
    context: spanContext,
    parent: undefined,
    attributes: {},
    attributesCount: 0,
  };
  return new LeanSpan(origin, start, localParent);
}

/** Starts the same span twice: the SDK's, and ours. */
function startBoth(spanLimits: Limits): [Span & ReadableSpan, LeanSpan] {
  const processor = new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() });
  const tracer = new TracerProvider({ spanLimits, spanProcessors: [processor] }).getTracer("test", "1.0");
  const attributes = { first: "1" };
  const theirs = tracer.startSpan("test", { kind: SpanKind.CLIENT, attributes }, context.active());
  assert.ok(isReadable(theirs));
  const { resource, instrumentationScope: scope } = theirs;
  const origin = { resource, scope, limits: spanLimits, processor };
  const start = {
    name: "test",
    kind: SpanKind.CLIENT,
    parent: undefined,
    attributes: { ...attributes },
    attributesCount: 1,
  };
  return [theirs, new LeanSpan(origin, { ...start, context: theirs.spanContext() }, undefined)];
}

type Limits = ConstructorParameters<typeof LeanSpan>[0]["limits"];

function isReadable(span: Span): span is Span & ReadableSpan {
  return "duration" in span;
}

function assertAlike(ours: ReadableSpan, theirs: ReadableSpan): void {
  const parts = ["name", "kind", "status", "attributes", "links", "ended", "parentSpanContext"] as const;
  const rest = ["droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"] as const;
  const same = [...parts, ...rest, "resource", "instrumentationScope"] as const;
  for (const part of same) assert.deepEqual(ours[part], theirs[part], part);
  assert.deepEqual(ours.spanContext(), theirs.spanContext());
  assert.deepEqual(ours.events.map(timeless), theirs.events.map(timeless));
  // The spans start one after the other, and operations without a time happen at slightly different ones.
  const [ourTimes, theirTimes] = [ours, theirs].map((span) => [
    span.startTime,
    span.endTime,
    ...span.events.map(({ time }) => time),
  ]);
  for (const [index, time] of (ourTimes ?? []).entries()) {
    const difference = hrTimeToMicroseconds(time) - hrTimeToMicroseconds(theirTimes?.[index] ?? [0, 0]);
    assert.ok(Math.abs(difference) < 200_000, `time ${index}: ${difference} µs`);
  }
}

function timeless({ time, ...event }: ReadableSpan["events"][number]) {
  assert.equal(time.length, 2);
  return event;
}

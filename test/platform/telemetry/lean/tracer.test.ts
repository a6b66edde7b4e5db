import assert from "node:assert/strict";
import {
  type Context,
  context,
  createTraceState,
  ROOT_CONTEXT,
  SamplingDecision,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { suppressTracing } from "@opentelemetry/core";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
  type TracerProviderOptions,
} from "@opentelemetry/sdk-trace";
import { partsOf } from "../../../../src/platform/telemetry/lean/sdk-tracer.ts";
import { LeanSpan } from "../../../../src/platform/telemetry/lean/span.ts";
import { LeanTracerProvider } from "../../../../src/platform/telemetry/lean/tracer-provider.ts";
import { OnDemandReader } from "../../../../src/platform/telemetry/metric-readers.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const remote = { traceId, spanId: "b7ad6b7169203331", traceFlags: 1, isRemote: true };
const parents: Readonly<Record<string, SpanContext | undefined>> = {
  none: undefined,
  remote,
  "not sampled": { ...remote, traceFlags: 0 },
  "with a trace state": { ...remote, traceState: createTraceState("vendor=1") },
  invalid: { ...remote, traceId: "0".repeat(32) },
};
const samplerWith = (decision: SamplingDecision): Sampler => ({
  shouldSample: (_context, _traceId, name, kind, attributes) => ({
    decision,
    attributes: { sampled: `${name} ${kind} ${JSON.stringify(attributes)}`, shared: 2 },
    traceState: createTraceState("sampler=1"),
  }),
});
const samplers: Readonly<Record<string, Sampler>> = {
  "always on": new AlwaysOnSampler(),
  "always off": new AlwaysOffSampler(),
  "parent-based": new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  custom: samplerWith(SamplingDecision.RECORD_AND_SAMPLED),
  "record only": samplerWith(SamplingDecision.RECORD),
  "not recording": samplerWith(SamplingDecision.NOT_RECORD),
};

const contextManager = new AsyncLocalStorageContextManager();

describe("LeanTracer", () => {
  it("starts the same spans as the SDK's tracer, with any sampler and parent", () => {
    for (const [samplerName, sampler] of Object.entries(samplers))
      for (const [parentName, parent] of Object.entries(parents)) {
        const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
        const { ours, theirs } = startBoth(context, { sampler });
        assert.equal(ours instanceof LeanSpan, theirs.isRecording());
        assert.deepEqual(recorded(ours), recorded(theirs), `${samplerName}, ${parentName}`);
      }
  });

  it("starts children of its own spans and of the SDK's", () => {
    const { sdk, lean } = providers();
    const tracer = lean.getTracer("test");
    const outer = tracer.startSpan("outer", { kind: SpanKind.SERVER }, ROOT_CONTEXT);
    const inner = tracer.startSpan("inner", {}, trace.setSpan(ROOT_CONTEXT, outer));
    const other = sdk.getTracer("other").startSpan("other", {}, trace.setSpan(ROOT_CONTEXT, inner));
    const innermost = tracer.startSpan("innermost", {}, trace.setSpan(ROOT_CONTEXT, other));
    for (const [span, parent] of [
      [inner, outer],
      [innermost, other],
    ] as const) {
      assert.ok(span instanceof LeanSpan);
      assert.deepEqual(span.parentSpanContext, parent.spanContext());
      assert.equal(span.spanContext().traceId, outer.spanContext().traceId);
    }
    assert.ok("parentSpanContext" in other);
    assert.deepEqual(other.parentSpanContext, inner.spanContext());
    const ids = new Set([outer, inner, other, innermost].map((span) => span.spanContext().spanId));
    assert.equal(ids.size, 4);
  });

  it("passes its spans to every processor, and sampled ones to the exporter", () => {
    const calls: unknown[] = [];
    const context = trace.setSpanContext(ROOT_CONTEXT, remote);
    const { lean, exporter } = providers({
      onStart: (span, parent) => calls.push([span.name, parent === context]),
      onEnd: (span) => calls.push(span.name),
    });
    const span = lean.getTracer("test", "1.0").startSpan("test", { kind: SpanKind.SERVER }, context);
    assert.ok(span instanceof LeanSpan);
    span.end();
    assert.deepEqual(calls, [["test", true], "test"]);
    assert.deepEqual(exporter.getFinishedSpans(), [span]);
    assert.deepEqual(span.resource, exporter.getFinishedSpans()[0]?.resource);
    assert.deepEqual(span.instrumentationScope, { name: "test", version: "1.0", schemaUrl: undefined });
  });

  it("leaves spans to the SDK when attributes are limited or tracing is suppressed", () => {
    for (const spanLimits of [{ attributeCountLimit: 3 }, { attributeValueLengthLimit: 2 }]) {
      const { ours, theirs } = startBoth(ROOT_CONTEXT, { spanLimits });
      assert.ok(!(ours instanceof LeanSpan));
      assert.deepEqual(recorded(ours), recorded(theirs));
    }
    const suppressed = startBoth(suppressTracing(ROOT_CONTEXT));
    assert.equal(suppressed.ours.isRecording(), false);
    assert.deepEqual(recorded(suppressed.ours), recorded(suppressed.theirs));
  });

  it("leaves spans to the SDK when that counts them", async () => {
    const reader = new OnDemandReader();
    const { ours } = startBoth(ROOT_CONTEXT, { meterProvider: new MeterProvider({ readers: [reader] }) });
    assert.ok(!(ours instanceof LeanSpan));
    const { resourceMetrics } = await reader.collect();
    const names = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor }) => descriptor.name),
    );
    assert.ok(names.includes("otel.sdk.span.started"), names.join());
  });

  it("passes the sampler a copy of the attributes, without invalid values", () => {
    const attributes = Object.freeze({ kept: 1, date: new Date(0), text: "x".repeat(300) });
    const seen: unknown[] = [];
    const sampler: Sampler = {
      shouldSample(_context, _traceId, _name, _kind, given) {
        seen.push({ ...given });
        given.added = true;
        return { decision: SamplingDecision.RECORD_AND_SAMPLED };
      },
    };
    const spans = [false, true].map((isLean) => {
      const sdk = new TracerProvider({ sampler });
      const span = (isLean ? new LeanTracerProvider(sdk) : sdk).getTracer("test").startSpan("test", {
        attributes: Object(attributes),
      });
      return Reflect.get(span, "attributes");
    });
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(spans[1], spans[0]);
    assert.ok(!("added" in attributes));
  });

  it("copies the attributes", () => {
    const tracer = providers().lean.getTracer("test");
    const attributes = { value: 1, list: ["a"] };
    const [first, second] = [tracer.startSpan("first", { attributes }), tracer.startSpan("second", { attributes })];
    first.setAttribute("value", 2);
    attributes.list.push("b");
    assert.ok(first instanceof LeanSpan && second instanceof LeanSpan);
    assert.deepEqual(second.attributes, { value: 1, list: ["a"] });
    assert.deepEqual(attributes, { value: 1, list: ["a", "b"] });
  });

  it("leaves spans with a start time or links, and root spans, to the SDK", () => {
    const context = trace.setSpanContext(ROOT_CONTEXT, remote);
    const allOptions: SpanOptions[] = [
      { startTime: [1_700_000_000, 5] },
      { links: [{ context: remote }] },
      { root: true },
    ];
    for (const options of allOptions) {
      const { lean, sdk } = providers();
      const [ours, theirs] = [lean, sdk].map((provider) =>
        provider.getTracer("test").startSpan("test", options, context),
      );
      assert.ok(ours && theirs);
      for (const part of ["links", "parentSpanContext"]) {
        assert.deepEqual(Reflect.get(ours, part), Reflect.get(theirs, part), JSON.stringify(options));
      }
      if (options.startTime !== undefined) assert.deepEqual(Reflect.get(ours, "startTime"), options.startTime);
    }
  });

  it("starts an active span with each of the API's signatures", () => {
    contextManager.enable();
    context.setGlobalContextManager(contextManager);
    const tracer = providers().lean.getTracer("test");
    const isActive = (span: Span) => trace.getActiveSpan() === span && span;
    const spans = [
      tracer.startActiveSpan("test", isActive),
      tracer.startActiveSpan("test", { kind: SpanKind.CLIENT }, isActive),
      tracer.startActiveSpan("test", {}, trace.setSpanContext(ROOT_CONTEXT, remote), isActive),
    ];
    context.disable();
    for (const span of spans) assert.ok(span instanceof LeanSpan);
    assert.equal(spans[2] instanceof LeanSpan && spans[2].spanContext().traceId, traceId);
  });

  it("isn't used for a tracer with an extra or missing field", () => {
    for (const change of [
      (tracer: object) => Reflect.set(tracer, "_extra", {}),
      (tracer: object) => Reflect.deleteProperty(tracer, "_resource"),
      (tracer: object) => Reflect.set(tracer, "_sampler", undefined),
    ]) {
      const tracer = providers().sdk.getTracer("test");
      assert.equal(typeof partsOf(tracer), "object");
      change(tracer);
      assert.match(String(partsOf(tracer)), /unknown or missing fields/);
    }
  });
});

/** The SDK's provider, and ours in front of it. */
function providers(processor: Partial<NonNullable<TracerProviderOptions["spanProcessors"]>[number]> = {}) {
  const exporter = new InMemorySpanExporter();
  const noop = async () => {};
  const completeProcessor = { onStart() {}, onEnd() {}, forceFlush: noop, shutdown: noop, ...processor };
  const sdk = new TracerProvider({ spanProcessors: [completeProcessor, new SimpleSpanProcessor({ exporter })] });
  return { sdk, lean: new LeanTracerProvider(sdk), exporter };
}

/** Starts the same span with the SDK's tracer and with ours. Ids are counted, not random. */
function startBoth(context: Context, options: TracerProviderOptions = {}) {
  const [theirs, ours] = [false, true].map((isOurs) => {
    let count = 0;
    const id = (length: number) => {
      count += 1;
      return String(count).padStart(length, "0");
    };
    const idGenerator = { generateTraceId: () => id(32), generateSpanId: () => id(16) };
    const sdk = new TracerProvider({ idGenerator, ...options });
    const provider = isOurs ? new LeanTracerProvider(sdk) : sdk;
    const attributes = { shared: 1, text: "text", isTrue: true, more: 4, list: ["a", "b"] };
    return provider.getTracer("test").startSpan("test", { kind: SpanKind.SERVER, attributes }, context);
  });
  assert.ok(ours && theirs);
  return { ours, theirs };
}

function recorded(span: Span) {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const parts = ["name", "kind", "attributes", "parentSpanContext", "droppedAttributesCount", "instrumentationScope"];
  return {
    context: [traceId, spanId, traceFlags, traceState?.serialize()],
    ...Object.fromEntries(parts.map((part) => [part, Reflect.get(span, part)])),
  };
}

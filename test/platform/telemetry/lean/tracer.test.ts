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
  "with a state": { ...remote, traceState: createTraceState("vendor=1") },
  "not valid": { ...remote, traceId: "0".repeat(32) },
};
const deciding = (decision: SamplingDecision): Sampler => ({
  shouldSample: (_context, _traceId, name, kind, attributes) => ({
    decision,
    attributes: { sampled: `${name} ${kind} ${JSON.stringify(attributes)}`, given: 2 },
    traceState: createTraceState("sampler=1"),
  }),
});
const samplers: Readonly<Record<string, Sampler>> = {
  "always on": new AlwaysOnSampler(),
  "always off": new AlwaysOffSampler(),
  "by the parent": new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  "of an adopter": deciding(SamplingDecision.RECORD_AND_SAMPLED),
  "that records only": deciding(SamplingDecision.RECORD),
  "that drops": deciding(SamplingDecision.NOT_RECORD),
};

const contextManager = new AsyncLocalStorageContextManager();

describe("LeanTracer", () => {
  it("starts what the SDK's tracer would, with any sampler and any parent", () => {
    for (const [samplerName, sampler] of Object.entries(samplers))
      for (const [parentName, parent] of Object.entries(parents)) {
        const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
        const { ours, theirs } = bothWays(context, { sampler });
        assert.equal(ours instanceof LeanSpan, theirs.isRecording());
        assert.deepEqual(recorded(ours), recorded(theirs), `${samplerName}, ${parentName}`);
      }
  });

  it("starts children of its own spans, of others and of such as record nothing", () => {
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

  it("hands its spans to every processor, and those that are sampled to the exporter", () => {
    const told: unknown[] = [];
    const context = trace.setSpanContext(ROOT_CONTEXT, remote);
    const { lean, exporter } = providers({
      onStart: (span, parent) => told.push([span.name, parent === context]),
      onEnd: (span) => told.push(span.name),
    });
    const span = lean.getTracer("test", "1.0").startSpan("test", { kind: SpanKind.SERVER }, context);
    assert.ok(span instanceof LeanSpan);
    span.end();
    assert.deepEqual(told, [["test", true], "test"]);
    assert.deepEqual(exporter.getFinishedSpans(), [span]);
    assert.deepEqual(span.resource, exporter.getFinishedSpans()[0]?.resource);
    assert.deepEqual(span.instrumentationScope, { name: "test", version: "1.0", schemaUrl: undefined });
  });

  it("leaves to the SDK what it cannot do better", () => {
    for (const spanLimits of [{ attributeCountLimit: 3 }, { attributeValueLengthLimit: 2 }]) {
      const { ours, theirs } = bothWays(ROOT_CONTEXT, { spanLimits });
      assert.ok(!(ours instanceof LeanSpan));
      assert.deepEqual(recorded(ours), recorded(theirs));
    }
    const suppressed = bothWays(suppressTracing(ROOT_CONTEXT));
    assert.equal(suppressed.ours.isRecording(), false);
    assert.deepEqual(recorded(suppressed.ours), recorded(suppressed.theirs));
  });

  it("lets the SDK count its spans when it is to", async () => {
    const reader = new OnDemandReader();
    const { ours } = bothWays(ROOT_CONTEXT, { meterProvider: new MeterProvider({ readers: [reader] }) });
    assert.ok(!(ours instanceof LeanSpan));
    const { resourceMetrics } = await reader.collect();
    const names = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor }) => descriptor.name),
    );
    assert.ok(names.includes("otel.sdk.span.started"), names.join());
  });

  it("copies the attributes that it is given", () => {
    const tracer = providers().lean.getTracer("test");
    const attributes = { given: 1, list: ["a"] };
    const [one, other] = [tracer.startSpan("one", { attributes }), tracer.startSpan("other", { attributes })];
    one.setAttribute("given", 2);
    attributes.list.push("b");
    assert.ok(one instanceof LeanSpan && other instanceof LeanSpan);
    assert.deepEqual(other.attributes, { given: 1, list: ["a"] });
    assert.deepEqual(attributes, { given: 1, list: ["a", "b"] });
  });

  it("leaves spans with a time of their own, links, or none of the parent to the SDK", () => {
    const context = trace.setSpanContext(ROOT_CONTEXT, remote);
    const all: SpanOptions[] = [{ startTime: [1_700_000_000, 5] }, { links: [{ context: remote }] }, { root: true }];
    for (const options of all) {
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

  it("starts an active span in each of the ways that the API has", () => {
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

  it("is not used for a tracer with a field more or less than those that are known", () => {
    for (const change of [
      (tracer: object) => Reflect.set(tracer, "_more", {}),
      (tracer: object) => Reflect.deleteProperty(tracer, "_resource"),
      (tracer: object) => Reflect.set(tracer, "_sampler", undefined),
    ]) {
      const tracer = providers().sdk.getTracer("test");
      assert.equal(typeof partsOf(tracer), "object");
      change(tracer);
      assert.match(String(partsOf(tracer)), /other fields/);
    }
  });
});

/** A provider of the SDK, and ours in front of it. */
function providers(processor: Partial<NonNullable<TracerProviderOptions["spanProcessors"]>[number]> = {}) {
  const exporter = new InMemorySpanExporter();
  const nothing = async () => {};
  const complete = { onStart() {}, onEnd() {}, forceFlush: nothing, shutdown: nothing, ...processor };
  const sdk = new TracerProvider({ spanProcessors: [complete, new SimpleSpanProcessor({ exporter })] });
  return { sdk, lean: new LeanTracerProvider(sdk), exporter };
}

/** The same span, of the SDK's tracer and of ours. Ids are counted, and not random. */
function bothWays(context: Context, options: TracerProviderOptions = {}) {
  const [theirs, ours] = [false, true].map((isOurs) => {
    let count = 0;
    const id = (length: number) => {
      count += 1;
      return String(count).padStart(length, "0");
    };
    const idGenerator = { generateTraceId: () => id(32), generateSpanId: () => id(16) };
    const sdk = new TracerProvider({ idGenerator, ...options });
    const provider = isOurs ? new LeanTracerProvider(sdk) : sdk;
    const attributes = { given: 1, text: "text", isTrue: true, more: 4, list: ["a", "b"] };
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

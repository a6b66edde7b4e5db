import assert from "node:assert/strict";
import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  SamplingDecision,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from "@opentelemetry/api";
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
import { LightSpan } from "../../../../src/platform/telemetry/lean/span.ts";
import { LightTracer } from "../../../../src/platform/telemetry/lean/tracer.ts";
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

describe("LightTracer", () => {
  afterEach(() => trace.disable());

  it("starts what the SDK's tracer would, with any sampler and any parent", () => {
    for (const [samplerName, sampler] of Object.entries(samplers))
      for (const [parentName, parent] of Object.entries(parents)) {
        const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
        const { ours, theirs } = bothWays(context, { sampler });
        assert.equal(ours instanceof LightSpan, theirs.isRecording());
        assert.deepEqual(recorded(ours), recorded(theirs), `${samplerName}, ${parentName}`);
      }
  });

  it("starts children of its own spans, of others and of such as record nothing", () => {
    register();
    const tracer = new LightTracer("test");
    const outer = tracer.start("outer", SpanKind.SERVER, {}, ROOT_CONTEXT);
    const inner = tracer.start("inner", SpanKind.CLIENT, {}, trace.setSpan(ROOT_CONTEXT, outer));
    const other = trace.getTracer("other").startSpan("other", {}, trace.setSpan(ROOT_CONTEXT, inner));
    const innermost = tracer.start("innermost", SpanKind.CLIENT, {}, trace.setSpan(ROOT_CONTEXT, other));
    for (const [span, parent] of [
      [inner, outer],
      [innermost, other],
    ] as const) {
      assert.ok(span instanceof LightSpan);
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
    const exporter = register({
      onStart: (span, parent) => told.push([span.name, parent === context]),
      onEnd: (span) => told.push(span.name),
    });
    const span = new LightTracer("test").start("test", SpanKind.SERVER, { given: 1 }, context);
    assert.ok(span instanceof LightSpan);
    span.end();
    assert.deepEqual(told, [["test", true], "test"]);
    assert.deepEqual(exporter.getFinishedSpans(), [span]);
    assert.deepEqual(span.resource, exporter.getFinishedSpans()[0]?.resource);
    assert.equal(span.instrumentationScope.name, "test");
  });

  it("leaves to the SDK what it cannot do better", () => {
    for (const spanLimits of [{ attributeCountLimit: 3 }, { attributeValueLengthLimit: 2 }]) {
      const { ours, theirs } = bothWays(ROOT_CONTEXT, { spanLimits });
      assert.ok(!(ours instanceof LightSpan));
      assert.deepEqual(recorded(ours), recorded(theirs));
    }
    const suppressed = bothWays(suppressTracing(ROOT_CONTEXT));
    assert.equal(suppressed.ours.isRecording(), false);
    assert.deepEqual(recorded(suppressed.ours), recorded(suppressed.theirs));
  });

  it("lets the SDK count its spans when it is to", async () => {
    const reader = new OnDemandReader();
    const { ours } = bothWays(ROOT_CONTEXT, { meterProvider: new MeterProvider({ readers: [reader] }) });
    assert.ok(!(ours instanceof LightSpan));
    const { resourceMetrics } = await reader.collect();
    const names = resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor }) => descriptor.name),
    );
    assert.ok(names.includes("otel.sdk.span.started"), names.join());
  });

  it("records nothing without an SDK", () => {
    const tracer = new LightTracer("test");
    assert.equal(tracer.start("test", SpanKind.SERVER, {}, ROOT_CONTEXT).isRecording(), false);
  });
});

function register(processor: Partial<NonNullable<TracerProviderOptions["spanProcessors"]>[number]> = {}) {
  const exporter = new InMemorySpanExporter();
  const nothing = async () => {};
  const complete = { onStart() {}, onEnd() {}, forceFlush: nothing, shutdown: nothing, ...processor };
  const spanProcessors = [complete, new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  return exporter;
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
    trace.disable();
    trace.setGlobalTracerProvider(new TracerProvider({ idGenerator, ...options }));
    const attributes = { given: 1, text: "text", isTrue: true, more: 4 };
    return isOurs
      ? new LightTracer("test").start("test", SpanKind.SERVER, attributes, context)
      : trace.getTracer("test").startSpan("test", { kind: SpanKind.SERVER, attributes }, context);
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

// Starts the spans that every request has, as the SDK's tracer does: with its sampler, ids, limits, resource and processors.
// The SDK's way to a span goes over its attributes three times, and over each value with a set of its own, which together is
// a twelfth of all that a traced request takes.
import {
  type Attributes,
  type Context,
  createNoopMeter,
  isSpanContextValid,
  SamplingDecision,
  type Span,
  type SpanContext,
  type SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type InstrumentationScope, isTracingSuppressed } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { IdGenerator, Sampler, SpanLimits, SpanProcessor } from "@opentelemetry/sdk-trace";
import { LightSpan } from "./span.ts";
import type { SpanOrigin } from "./span-parts.ts";

/** What a tracer of the SDK has, and does not show. */
interface SdkTracer {
  instrumentationScope: InstrumentationScope;
  _resource: Resource;
  _sampler: Sampler;
  _idGenerator: IdGenerator;
  _spanLimits: Required<SpanLimits>;
  _spanProcessor: SpanProcessor;
  _tracerMetrics: { startedSpans: unknown };
}

interface Sdk {
  origin: SpanOrigin;
  sampler: Sampler;
  ids: IdGenerator;
  processor: SpanProcessor;
}

const noCounter = createNoopMeter().createCounter("");
/** Far more than a span here has at its start. */
const enough = 64;

export class LightTracer {
  readonly #tracer: Tracer;
  readonly #sdk: Sdk | undefined;

  /** Of the SDK that has been started by now; without one its spans record nothing until there is one. */
  constructor(scope: string) {
    this.#tracer = trace.getTracer(scope);
    this.#sdk = sdkOf(this.#tracer);
  }

  /** `attributes` become the span's own: text, numbers and booleans only. Its parent is the span of `context`. */
  start(name: string, kind: SpanKind, attributes: Attributes, context: Context): Span {
    const sdk = this.#sdk;
    if (sdk === undefined || isTracingSuppressed(context))
      return this.#tracer.startSpan(name, { kind, attributes }, context);
    const within = trace.getSpan(context);
    const parent = contextOf(within);
    const spanId = sdk.ids.generateSpanId();
    const traceId = parent === undefined ? sdk.ids.generateTraceId() : parent.traceId;
    const sampled = sdk.sampler.shouldSample(context, traceId, name, kind, attributes, []);
    const traceFlags = sampled.decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const traceState = sampled.traceState ?? parent?.traceState;
    const own: SpanContext = { traceId, spanId, traceFlags, ...(traceState !== undefined && { traceState }) };
    if (sampled.decision === SamplingDecision.NOT_RECORD) return trace.wrapSpanContext(own);
    const span = new LightSpan(sdk.origin, { name, kind, context: own, parent, attributes }, within);
    if (sampled.attributes !== undefined) span.setAttributes(sampled.attributes);
    sdk.processor.onStart(span, context);
    return span;
  }
}

/** `undefined` when it is no valid one. What was made here needs no check. */
function contextOf(span: Span | undefined): SpanContext | undefined {
  const context = span?.spanContext();
  if (context === undefined || span instanceof LightSpan) return context;
  return isSpanContextValid(context) ? context : undefined;
}

/** `undefined` for another SDK, for limits that could concern the attributes of a start, and when the SDK counts its spans. */
function sdkOf(tracer: Tracer): Sdk | undefined {
  if (!isSdkTracer(tracer) || tracer._tracerMetrics.startedSpans !== noCounter) return undefined;
  const { attributeCountLimit, attributeValueLengthLimit } = tracer._spanLimits;
  if (attributeCountLimit < enough || attributeValueLengthLimit !== Number.POSITIVE_INFINITY) return undefined;
  return {
    origin: {
      resource: tracer._resource,
      scope: tracer.instrumentationScope,
      limits: tracer._spanLimits,
      processor: tracer._spanProcessor,
    },
    sampler: tracer._sampler,
    ids: tracer._idGenerator,
    processor: tracer._spanProcessor,
  };
}

function isSdkTracer(tracer: object): tracer is SdkTracer {
  const parts = ["instrumentationScope", "_resource", "_sampler", "_idGenerator", "_spanLimits", "_spanProcessor"];
  return [...parts, "_tracerMetrics"].every((part) => Reflect.get(tracer, part) instanceof Object);
}

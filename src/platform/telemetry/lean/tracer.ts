// Starts spans like the SDK's tracer, with its sampler, ids, limits, resource and processors. The SDK visits the attributes of a span
// three times and creates a WeakSet for each value, which is a twelfth of the cost of a traced request.
import {
  type Context,
  context,
  isSpanContextValid,
  SamplingDecision,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { isTracingSuppressed } from "@opentelemetry/core";
import type { SdkParts } from "./sdk-tracer.ts";
import { LeanSpan } from "./span.ts";
import { copyAttributes } from "./span-parts.ts";

type Work = (span: Span) => unknown;

export class LeanTracer implements Tracer {
  readonly #sdk: Tracer;
  readonly #parts: SdkParts;

  /** `parts` are the parts of `sdk`, which starts the uncommon spans. */
  constructor(sdk: Tracer, parts: SdkParts) {
    this.#sdk = sdk;
    this.#parts = parts;
  }

  startSpan(name: string, options: SpanOptions = {}, parentContext: Context = context.active()): Span {
    const { kind = SpanKind.INTERNAL, links, startTime, root } = options;
    const { origin, sampler, ids, processor } = this.#parts;
    const attributes = copyAttributes(options.attributes);
    const attributesCount = Object.keys(attributes).length;
    const tooMany = attributesCount > origin.limits.attributeCountLimit;
    if (root || tooMany || startTime !== undefined || links?.length || isTracingSuppressed(parentContext)) {
      return this.#sdk.startSpan(name, options, parentContext);
    }
    const parentSpan = trace.getSpan(parentContext);
    const parent = validContextOf(parentSpan);
    const spanId = ids.generateSpanId();
    const traceId = parent === undefined ? ids.generateTraceId() : parent.traceId;
    const sampled = sampler.shouldSample(parentContext, traceId, name, kind, attributes, []);
    const traceFlags = sampled.decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE;
    const traceState = sampled.traceState ?? parent?.traceState;
    const spanContext: SpanContext = { traceId, spanId, traceFlags, ...(traceState !== undefined && { traceState }) };
    if (sampled.decision === SamplingDecision.NOT_RECORD) return trace.wrapSpanContext(spanContext);
    const start = { name, kind, context: spanContext, parent, attributes, attributesCount };
    const span = new LeanSpan(origin, start, parentSpan);
    if (sampled.attributes !== undefined) span.setAttributes(sampled.attributes);
    processor.onStart(span, parentContext);
    return span;
  }

  startActiveSpan<F extends Work>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends Work>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends Work>(name: string, options: SpanOptions, context: Context, fn: F): ReturnType<F>;
  startActiveSpan(name: string, ...rest: [Work] | [SpanOptions, Work] | [SpanOptions, Context, Work]): unknown {
    const [options, explicitContext, work] =
      rest.length === 1 ? [{}, undefined, rest[0]] : rest.length === 2 ? [rest[0], undefined, rest[1]] : rest;
    const parentContext = explicitContext ?? context.active();
    const span = this.startSpan(name, options, parentContext);
    return context.with(trace.setSpan(parentContext, span), work, undefined, span);
  }
}

/** Returns undefined for an invalid context. Lean spans always have a valid one. */
function validContextOf(span: Span | undefined): SpanContext | undefined {
  const spanContext = span?.spanContext();
  if (spanContext === undefined || span instanceof LeanSpan) return spanContext;
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}

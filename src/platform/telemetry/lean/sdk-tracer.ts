// The parts of the SDK's tracer, which it does not show: the private names that lean spans depend on. When the installed SDK
// is not exactly the one that is known here, its own spans are used.
import { createNoopMeter, type Tracer } from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { IdGenerator, Sampler, SpanLimits, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { SpanOrigin } from "./span-parts.ts";

export interface SdkParts {
  origin: SpanOrigin;
  sampler: Sampler;
  ids: IdGenerator;
  processor: SpanProcessor;
}

interface SdkTracer {
  instrumentationScope: InstrumentationScope;
  _resource: Resource;
  _sampler: Sampler;
  _idGenerator: IdGenerator;
  _spanLimits: Required<SpanLimits>;
  _spanProcessor: SpanProcessor;
  _tracerMetrics: { startedSpans: unknown };
}

const fields = [
  "_idGenerator",
  "_resource",
  "_sampler",
  "_spanLimits",
  "_spanProcessor",
  "_tracerMetrics",
  "instrumentationScope",
];
const noCounter = createNoopMeter().createCounter("");
/** Far more than a span here has at its start. */
const enough = 64;

/** The parts of `tracer`; when lean spans would not do what its own do, a text that says why. */
export function partsOf(tracer: Tracer): SdkParts | string {
  if (!isSdkTracer(tracer)) return "the SDK's tracer has other fields than those that are known";
  if (tracer._tracerMetrics.startedSpans !== noCounter) return "the SDK counts its spans";
  const { attributeCountLimit, attributeValueLengthLimit } = tracer._spanLimits;
  if (attributeCountLimit < enough || attributeValueLengthLimit !== Number.POSITIVE_INFINITY) {
    return "there are limits for attributes";
  }
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

/** A field more is as bad as a field less: it may hold what lean spans would have to heed. */
function isSdkTracer(tracer: object): tracer is SdkTracer {
  const names = Object.keys(tracer).toSorted();
  return (
    names.length === fields.length &&
    fields.every((name, index) => name === names[index] && Reflect.get(tracer, name) instanceof Object)
  );
}

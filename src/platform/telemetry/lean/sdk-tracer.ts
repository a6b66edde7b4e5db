// Reads the private fields of the SDK's tracer that lean spans depend on. When the tracer's fields aren't exactly the known ones,
// the service uses the SDK's own spans.
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
const noopCounter = createNoopMeter().createCounter("");
/** Far more attributes than the service's spans start with. */
const minCountLimit = 64;

/** Returns the parts of `tracer`, or the reason why lean spans would behave differently from its own. */
export function partsOf(tracer: Tracer): SdkParts | string {
  if (!isSdkTracer(tracer)) return "the SDK's tracer has unknown or missing fields";
  if (tracer._tracerMetrics.startedSpans !== noopCounter) return "the SDK counts its spans";
  const { attributeCountLimit, attributeValueLengthLimit } = tracer._spanLimits;
  if (attributeCountLimit < minCountLimit || attributeValueLengthLimit !== Number.POSITIVE_INFINITY) {
    return "attributes are limited in number or length";
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

/** An extra field is as bad as a missing one: lean spans may have to take it into account. */
function isSdkTracer(tracer: object): tracer is SdkTracer {
  const names = Object.keys(tracer).toSorted();
  return (
    names.length === fields.length &&
    fields.every((name, index) => name === names[index] && Reflect.get(tracer, name) instanceof Object)
  );
}

// The less common parts of a span, within the SDK's limits: events, links and exceptions.
import {
  type Attributes,
  type AttributeValue,
  diag,
  type Exception,
  type SpanContext,
  type SpanKind,
} from "@opentelemetry/api";
import { type InstrumentationScope, maybeAddAttribute } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanLimits, SpanProcessor } from "@opentelemetry/sdk-trace";
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from "@opentelemetry/semantic-conventions";

/** What all spans of a tracer share. */
export interface SpanOrigin {
  resource: Resource;
  scope: InstrumentationScope;
  limits: Required<SpanLimits>;
  processor: Pick<SpanProcessor, "onEnding" | "onEnd">;
}

export interface SpanStart {
  name: string;
  kind: SpanKind;
  context: SpanContext;
  parent: SpanContext | undefined;
  /** Becomes the span's own: see {@link copyAttributes}. */
  attributes: Attributes;
  attributesCount: number;
}

/** Adds `item` to `list`, and drops the oldest item above `limit`. Returns how many items were dropped. */
export function pushWithin<Item>(list: Item[], limit: number, item: () => Item): number {
  if (limit === 0) return 1;
  const dropped = list.length >= limit ? 1 : 0;
  if (dropped > 0) list.shift();
  list.push(item());
  return dropped;
}

/** Returns the same attributes of an exception event as the SDK; undefined without a name or message, as after `throw null`. */
export function exceptionAttributes(exception: Exception | null | undefined): Attributes | undefined {
  if (typeof exception === "string") return exception === "" ? undefined : { [ATTR_EXCEPTION_MESSAGE]: exception };
  if (exception === null || exception === undefined) return undefined;
  const type = exception.code ? String(exception.code) : exception.name;
  const { message, stack } = exception;
  if (!type && !message) return undefined;
  return {
    ...(type && { [ATTR_EXCEPTION_TYPE]: type }),
    ...(message && { [ATTR_EXCEPTION_MESSAGE]: message }),
    ...(stack && { [ATTR_EXCEPTION_STACKTRACE]: stack }),
  };
}

/** Whether an attribute can skip the SDK's check: it's a string, number or boolean within the limits. */
export function isPlainAttribute(
  key: string,
  value: AttributeValue | undefined,
  { attributeValueLengthLimit }: Pick<Required<SpanLimits>, "attributeValueLengthLimit">,
): boolean {
  if (key === "") return false;
  if (typeof value === "string") return value.length <= attributeValueLengthLimit;
  return typeof value === "number" || typeof value === "boolean";
}

const noLimits = { attributeCountLimit: Number.POSITIVE_INFINITY, attributeValueLengthLimit: Number.POSITIVE_INFINITY };

/** Copies `attributes`, except for keys and values that the SDK drops too. Untyped callers may pass null. */
export function copyAttributes(attributes: Attributes | undefined | null): Attributes {
  const copy: Attributes = {};
  for (const key of Object.keys(attributes ?? {})) {
    const value = attributes?.[key];
    if (isPlainAttribute(key, value, noLimits)) copy[key] = value;
    else maybeAddAttribute({ key, value, attributes: copy, limits: noLimits, currentAttributesCount: 0 });
  }
  return copy;
}

type Dropped = Pick<ReadableSpan, "name" | "droppedAttributesCount" | "droppedEventsCount" | "droppedLinksCount">;

/** Warns when the limits cost a span something. */
export function warnOfDrops({ name, droppedAttributesCount, droppedEventsCount, droppedLinksCount }: Dropped): void {
  if (droppedAttributesCount + droppedEventsCount + droppedLinksCount === 0) return;
  const counts = `${droppedAttributesCount} attributes, ${droppedEventsCount} events and ${droppedLinksCount} links`;
  diag.warn(`the span ${name} reached its limits: dropped ${counts}`);
}

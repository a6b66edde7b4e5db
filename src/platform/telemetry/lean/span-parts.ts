// What a LightSpan is made of beside itself, much of which few spans have.
import type { Attributes, AttributeValue, Exception, HrTime, Link, SpanContext, SpanKind } from "@opentelemetry/api";
import { cleanAttributes, cleanSimpleAttributes, type InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { SpanLimits, SpanProcessor, TimedEvent } from "@opentelemetry/sdk-trace";
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from "@opentelemetry/semantic-conventions";
import { exceptionOf } from "../../error-fields.ts";

/** What all spans of a tracer have in common. */
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
  /** Become the span's own. Text, numbers and booleans only, and within the limits. */
  attributes: Attributes;
}

/** Events and links, within the limits. */
export class SpanExtras {
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly #limits: Required<SpanLimits>;

  constructor(limits: Required<SpanLimits>) {
    this.#limits = limits;
  }

  /** In the place of the oldest when there are as many as may be. */
  addEvent(name: string, time: HrTime, attributes: Attributes | undefined): void {
    const {
      eventCountLimit,
      attributePerEventCountLimit: attributeCountLimit,
      attributeValueLengthLimit,
    } = this.#limits;
    const cleaned = cleanSimpleAttributes(attributes, { attributeCountLimit, attributeValueLengthLimit });
    this.events.push({ name, time, ...cleaned });
    if (this.events.length <= eventCountLimit) return;
    this.events.shift();
    this.droppedEventsCount += 1;
  }

  /** In the place of the oldest when there are as many as may be. */
  addLink({ context, attributes }: Link): void {
    const { linkCountLimit, attributePerLinkCountLimit: attributeCountLimit, attributeValueLengthLimit } = this.#limits;
    this.links.push({ context, ...cleanAttributes(attributes, { attributeCountLimit, attributeValueLengthLimit }) });
    if (this.links.length <= linkCountLimit) return;
    this.links.shift();
    this.droppedLinksCount += 1;
  }
}

/**
 * As the conventions have them, with what exceptionOf() leaves of an error; `undefined` when nothing says what it was, as with
 * `throw null`.
 */
export function exceptionAttributes(exception: Exception | null | undefined): Attributes | undefined {
  if (exception === null || exception === undefined || exception === "") return undefined;
  const { name, message, stack } = exceptionOf(exception);
  return {
    [ATTR_EXCEPTION_TYPE]: name,
    ...(message && { [ATTR_EXCEPTION_MESSAGE]: message }),
    ...(stack && { [ATTR_EXCEPTION_STACKTRACE]: stack }),
  };
}

/** Whether it can be taken as it is: its type is one of three, and it is within the limits. */
export function isPlainAttribute(
  key: string,
  value: AttributeValue,
  { attributeValueLengthLimit }: Required<SpanLimits>,
): boolean {
  if (key === "") return false;
  if (typeof value === "string") return value.length <= attributeValueLengthLimit;
  return typeof value === "number" || typeof value === "boolean";
}

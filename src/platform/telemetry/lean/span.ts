// A span that looks like the SDK's to processors, exporters and whatever copies or wraps it, and costs a fraction: a value is
// checked once, or not at all when its type says enough. Its fields are public and enumerable for that reason, as the SDK's
// are: code that reads `#private` fields fails on a copy, an object with this one as its prototype, and a Proxy.
import {
  type Attributes,
  type AttributeValue,
  diag,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from "@opentelemetry/api";
import {
  AddAttributeDecision,
  cleanAttributes,
  cleanSimpleAttributes,
  hrTimeDuration,
  type InstrumentationScope,
  isTimeInput,
  isTimeInputHrTime,
  maybeAddAttribute,
  millisToHrTime,
} from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, SpanLimits, TimedEvent } from "@opentelemetry/sdk-trace";
import { addWithin, exceptionAttributes, isPlainAttribute, type SpanOrigin, type SpanStart } from "./span-parts.ts";

const unset: SpanStatus = { code: SpanStatusCode.UNSET };

export class LeanSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes = {};
  readonly links: Link[] = [];
  readonly events: TimedEvent[] = [];
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  /** Negative until the end, as the SDK has it. */
  duration: HrTime = [-1, -1];
  status = unset;
  ended = false;
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly _spanContext: SpanContext;
  _attributesCount = 0;
  readonly _limits: Required<SpanLimits>;
  readonly _processor: SpanOrigin["processor"];
  /** Milliseconds between 1970 and the zero of `performance.now()`. */
  readonly _zeroMs: number;

  /** `within`: a span of this process, whose clock is used on, so that times within a request can be compared. */
  constructor(origin: SpanOrigin, { name, kind, context, parent, attributes }: SpanStart, within: Span | undefined) {
    const now = performance.now();
    this.name = name;
    this.kind = kind;
    if (parent !== undefined) this.parentSpanContext = parent;
    this._zeroMs = within instanceof LeanSpan ? within._zeroMs : Date.now() - now;
    this.startTime = millisToHrTime(this._zeroMs + now);
    this.resource = origin.resource;
    this.instrumentationScope = origin.scope;
    this._spanContext = context;
    this._limits = origin.limits;
    this._processor = origin.processor;
    this._add(attributes);
  }

  spanContext(): SpanContext {
    return this._spanContext;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this._isLate()) this._addOne(key, value);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (!this._isLate()) this._add(attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this._isLate()) return this;
    const { eventCountLimit, attributePerEventCountLimit, attributeValueLengthLimit } = this._limits;
    const isTimed = isTimeInput(attributesOrTime);
    const limits = { attributeCountLimit: attributePerEventCountLimit, attributeValueLengthLimit };
    this.droppedEventsCount += addWithin(this.events, eventCountLimit, () => ({
      name,
      time: this._timeOf(isTimed && !isTimeInput(time) ? attributesOrTime : time),
      ...cleanSimpleAttributes(isTimed ? undefined : attributesOrTime, limits),
    }));
    return this;
  }

  /** As it is: whoever calls this decides what of an exception may be shown. */
  recordException(exception: Exception, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception);
    if (attributes === undefined) diag.warn("An exception without a name and a message is not recorded");
    else this.addEvent("exception", attributes, time);
  }

  addLink({ context, attributes }: Link): this {
    if (this._isLate()) return this;
    const { linkCountLimit, attributePerLinkCountLimit, attributeValueLengthLimit } = this._limits;
    const limits = { attributeCountLimit: attributePerLinkCountLimit, attributeValueLengthLimit };
    this.droppedLinksCount += addWithin(this.links, linkCountLimit, () => ({
      context,
      ...cleanAttributes(attributes, limits),
    }));
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  /** OK is final. Only an error has a message. */
  setStatus({ code, message }: SpanStatus): this {
    if (code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK || this._isLate()) return this;
    this.status = code === SpanStatusCode.ERROR && typeof message === "string" ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this._isLate()) this.name = name;
    return this;
  }

  /** A time before the start counts as the start. */
  end(time?: TimeInput): void {
    if (this._isLate()) return;
    this.endTime = this._timeOf(time);
    this.duration = hrTimeDuration(this.startTime, this.endTime);
    if (this.duration[0] < 0) {
      this.endTime = [...this.startTime];
      this.duration = [0, 0];
    }
    this._processor.onEnding?.(this);
    this.ended = true;
    this._processor.onEnd(this);
  }

  _add(attributes: Attributes | undefined): void {
    // Types do not keep away null.
    for (const key of Object.keys(attributes ?? {})) this._addOne(key, attributes?.[key]);
  }

  _addOne(key: string, value: AttributeValue | undefined): void {
    const { attributes, _limits: limits, _attributesCount: currentAttributesCount } = this;
    const isNew = !Object.hasOwn(attributes, key);
    if (!(isNew && currentAttributesCount >= limits.attributeCountLimit) && isPlainAttribute(key, value, limits)) {
      attributes[key] = value;
      if (isNew) this._attributesCount += 1;
      return;
    }
    const decision = maybeAddAttribute({ key, value, attributes, limits, currentAttributesCount });
    if (decision === AddAttributeDecision.ADD_NEW) this._attributesCount += 1;
    if (decision === AddAttributeDecision.DROP_LIMIT_REACHED) this.droppedAttributesCount += 1;
  }

  /** A number up to now is one of `performance.now()`, a larger one milliseconds since 1970; without a time it is now. */
  _timeOf(time: TimeInput | undefined): HrTime {
    if (isTimeInputHrTime(time)) return time;
    const now = performance.now();
    if (typeof time === "number") return millisToHrTime(time <= now ? this._zeroMs + time : time);
    return millisToHrTime(time instanceof Date ? time.getTime() : this._zeroMs + now);
  }

  _isLate(): boolean {
    if (this.ended) diag.warn(`The span ${this.name} has ended: what is done to it now is lost`);
    return this.ended;
  }
}

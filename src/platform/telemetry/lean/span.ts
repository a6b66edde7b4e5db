// A span that looks like the SDK's to processors, exporters and code that copies or wraps it, at a fraction of the cost: it checks
// an attribute once, or not at all when its type is enough. Its fields are public and enumerable, as the SDK's are: `#private`
// fields would fail on a copy, on an object that has the span as its prototype, and on a Proxy.
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
import {
  exceptionAttributes,
  isPlainAttribute,
  pushWithin,
  type SpanOrigin,
  type SpanStart,
  warnOfDrops,
} from "./span-parts.ts";

/** A step of the wall clock by more than this gives child spans a new clock. */
const maxClockDriftMs = 1000;

export class LeanSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes;
  readonly links: Link[] = [];
  readonly events: TimedEvent[] = [];
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  /** Negative until the span ends, as in the SDK. */
  duration: HrTime = [-1, -1];
  status: SpanStatus = { code: SpanStatusCode.UNSET };
  ended = false;
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly _spanContext: SpanContext;
  _attributesCount: number;
  readonly _limits: Required<SpanLimits>;
  readonly _processor: SpanOrigin["processor"];
  /** The time of `performance.now() === 0`, in milliseconds since 1970. */
  readonly _clockOriginMs: number;

  /** Shares the clock of `localParent`, a span of this process, so that times within a request are comparable. */
  constructor(origin: SpanOrigin, start: SpanStart, localParent?: Span) {
    const now = performance.now();
    const clockOriginMs = Date.now() - now;
    const shared = localParent instanceof LeanSpan ? localParent._clockOriginMs : clockOriginMs;
    this.name = start.name;
    this.kind = start.kind;
    if (start.parent !== undefined) this.parentSpanContext = start.parent;
    this._clockOriginMs = Math.abs(clockOriginMs - shared) > maxClockDriftMs ? clockOriginMs : shared;
    this.startTime = millisToHrTime(this._clockOriginMs + now);
    this.resource = origin.resource;
    this.instrumentationScope = origin.scope;
    this._spanContext = start.context;
    this._limits = origin.limits;
    this._processor = origin.processor;
    this.attributes = start.attributes;
    this._attributesCount = start.attributesCount;
  }

  spanContext(): SpanContext {
    return this._spanContext;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this._hasEnded()) this._setOne(key, value);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this._hasEnded()) return this;
    // Untyped callers may pass null.
    for (const key of Object.keys(attributes ?? {})) this._setOne(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this._hasEnded()) return this;
    const { eventCountLimit, attributePerEventCountLimit, attributeValueLengthLimit } = this._limits;
    const isTimed = isTimeInput(attributesOrTime);
    const limits = { attributeCountLimit: attributePerEventCountLimit, attributeValueLengthLimit };
    this.droppedEventsCount += pushWithin(this.events, eventCountLimit, () => ({
      name,
      time: this._timeOf(isTimed && !isTimeInput(time) ? attributesOrTime : time),
      ...cleanSimpleAttributes(isTimed ? undefined : attributesOrTime, limits),
    }));
    return this;
  }

  /** Records the exception unredacted: callers pass only what may be exported. */
  recordException(exception: Exception, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception);
    if (attributes === undefined) diag.warn("can't record an exception without a name or a message");
    else this.addEvent("exception", attributes, time);
  }

  addLink({ context, attributes }: Link): this {
    if (this._hasEnded()) return this;
    const { linkCountLimit, attributePerLinkCountLimit, attributeValueLengthLimit } = this._limits;
    const limits = { attributeCountLimit: attributePerLinkCountLimit, attributeValueLengthLimit };
    this.droppedLinksCount += pushWithin(this.links, linkCountLimit, () => ({
      context,
      ...cleanAttributes(attributes, limits),
    }));
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  /** OK is final. Only errors keep their message. */
  setStatus({ code, message }: SpanStatus): this {
    if (code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK || this._hasEnded()) return this;
    if (typeof (message ?? "") !== "string") diag.warn(`dropping a status message of type ${typeof message}`);
    this.status = code === SpanStatusCode.ERROR && typeof message === "string" ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this._hasEnded()) this.name = name;
    return this;
  }

  /** A time before the start counts as the start. */
  end(time?: TimeInput): void {
    if (this.ended) {
      diag.error(`the span ${this.name} has ended before: call end() once`);
      return;
    }
    this.endTime = this._timeOf(time);
    this.duration = hrTimeDuration(this.startTime, this.endTime);
    if (this.duration[0] < 0) {
      this.endTime = [...this.startTime];
      this.duration = [0, 0];
    }
    warnOfDrops(this);
    this._processor.onEnding?.(this);
    this.ended = true;
    this._processor.onEnd(this);
  }

  _setOne(key: string, value: AttributeValue | undefined): void {
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

  /** A number up to `performance.now()` is a time of that clock, a larger one milliseconds since 1970. Default: now. */
  _timeOf(time: TimeInput | undefined): HrTime {
    if (isTimeInputHrTime(time)) return time;
    const now = performance.now();
    if (typeof time === "number") return millisToHrTime(time <= now ? this._clockOriginMs + time : time);
    return millisToHrTime(time instanceof Date ? time.getTime() : this._clockOriginMs + now);
  }

  /** Whether the span has ended. Warns if so, because the caller then ignores the change. */
  _hasEnded(): boolean {
    if (this.ended) diag.warn(`the span ${this.name} has ended: ignoring changes to it`);
    return this.ended;
  }
}

// A span that is to OpenTelemetry's API, processors and exporters what the SDK's own is, and costs a fraction of it: times stay
// numbers until somebody reads them, and a value is checked once, or not at all when its type says enough.
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
  hrTimeToMilliseconds,
  type InstrumentationScope,
  isTimeInput,
  maybeAddAttribute,
  millisToHrTime,
  timeInputToHrTime,
} from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace";
import { exceptionAttributes, isPlainAttribute, SpanExtras, type SpanOrigin, type SpanStart } from "./span-parts.ts";

const unset: SpanStatus = { code: SpanStatusCode.UNSET };

export class LightSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly attributes: Attributes;
  status = unset;
  ended = false;
  droppedAttributesCount = 0;
  readonly #origin: SpanOrigin;
  readonly #context: SpanContext;
  /** How many attributes there are; -1 while nobody has counted them. */
  #attributesCount = -1;
  #extras: SpanExtras | undefined;
  /** Milliseconds between 1970 and the zero of `performance.now()`, which both of these are from. */
  readonly #zeroMs: number;
  readonly #startedAt = performance.now();
  /** 0 until the end. */
  #endedAt = 0;

  /** `within`: a span of this process, whose clock is read on, so that times within a request can be compared. */
  constructor(origin: SpanOrigin, { name, kind, context, parent, attributes }: SpanStart, within: Span | undefined) {
    this.name = name;
    this.kind = kind;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.attributes = attributes;
    this.#origin = origin;
    this.#context = context;
    this.#zeroMs = within instanceof LightSpan ? within.#zeroMs : Date.now() - this.#startedAt;
  }

  get resource(): Resource {
    return this.#origin.resource;
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#origin.scope;
  }

  get startTime(): HrTime {
    return this.#epochTime(this.#startedAt);
  }

  get endTime(): HrTime {
    return this.#endedAt === 0 ? [0, 0] : this.#epochTime(this.#endedAt);
  }

  /** Negative until the end, as the SDK has it. */
  get duration(): HrTime {
    return this.#endedAt === 0 ? [-1, -1] : millisToHrTime(this.#endedAt - this.#startedAt);
  }

  get events(): TimedEvent[] {
    return this.#extras?.events ?? [];
  }

  get links(): Link[] {
    return this.#extras?.links ?? [];
  }

  get droppedEventsCount(): number {
    return this.#extras?.droppedEventsCount ?? 0;
  }

  get droppedLinksCount(): number {
    return this.#extras?.droppedLinksCount ?? 0;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.#isLate()) return this;
    const { attributes } = this;
    const { limits } = this.#origin;
    if (this.#attributesCount === -1) this.#attributesCount = Object.keys(attributes).length;
    const currentAttributesCount = this.#attributesCount;
    const isNew = !Object.hasOwn(attributes, key);
    if (!(isNew && currentAttributesCount >= limits.attributeCountLimit) && isPlainAttribute(key, value, limits)) {
      attributes[key] = value;
      if (isNew) this.#attributesCount += 1;
      return this;
    }
    const decision = maybeAddAttribute({ key, value, attributes, limits, currentAttributesCount });
    if (decision === AddAttributeDecision.ADD_NEW) this.#attributesCount += 1;
    if (decision === AddAttributeDecision.DROP_LIMIT_REACHED) this.droppedAttributesCount += 1;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    // Of no attributes, which types cannot keep away, there are none.
    for (const key of Object.keys(attributes ?? {})) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.#isLate()) return this;
    const isTimed = isTimeInput(attributesOrTime);
    const at = this.#clockAt(isTimed && !isTimeInput(time) ? attributesOrTime : time);
    this.#extras ??= new SpanExtras(this.#origin.limits);
    this.#extras.addEvent(name, this.#epochTime(at), isTimed ? undefined : attributesOrTime);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception);
    if (attributes === undefined) diag.warn("An exception without a name and a message is not recorded");
    else this.addEvent("exception", attributes, time);
  }

  addLink(link: Link): this {
    if (this.#isLate()) return this;
    this.#extras ??= new SpanExtras(this.#origin.limits);
    this.#extras.addLink(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  /** OK is the last word. Only an error has a message. */
  setStatus({ code, message }: SpanStatus): this {
    if (code === SpanStatusCode.UNSET || this.status.code === SpanStatusCode.OK || this.#isLate()) return this;
    this.status = code === SpanStatusCode.ERROR && typeof message === "string" ? { code, message } : { code };
    return this;
  }

  updateName(name: string): this {
    if (!this.#isLate()) this.name = name;
    return this;
  }

  /** Never before it started, whatever `time` says. */
  end(time?: TimeInput): void {
    if (this.#isLate()) return;
    this.#endedAt = Math.max(this.#clockAt(time), this.#startedAt);
    this.#origin.processor.onEnding?.(this);
    this.ended = true;
    this.#origin.processor.onEnd(this);
  }

  /** What `performance.now()` was then; without a time, what it is. */
  #clockAt(time: TimeInput | undefined): number {
    const now = performance.now();
    if (!isTimeInput(time)) return now;
    return typeof time === "number" && time <= now
      ? time
      : hrTimeToMilliseconds(timeInputToHrTime(time)) - this.#zeroMs;
  }

  #epochTime(clock: number): HrTime {
    return millisToHrTime(this.#zeroMs + clock);
  }

  #isLate(): boolean {
    if (this.ended) diag.warn(`The span ${this.name} has ended: what is done to it now is lost`);
    return this.ended;
  }
}

// Sends spans, metrics and log records that a test creates, like an SDK: OTLP over HTTP, as JSON.
import { randomBytes } from "node:crypto";

export type Attributes = Record<string, string | number | boolean | readonly string[]>;

export interface TestSpan {
  traceId: string;
  id?: string;
  parentId?: string;
  name: string;
  kind?: "internal" | "server" | "client";
  /** Relative to the time of sending. */
  startMs?: number;
  durationMs?: number;
  attributes?: Attributes;
  /** Sets the span's status to error. */
  failed?: boolean;
  statusMessage?: string;
  traceState?: string;
  events?: readonly { name: string; attributes: Attributes }[];
  /** The span's service, if it is not the batch's. */
  service?: string;
}

export interface Resource {
  service: string;
  attributes?: Attributes;
  scope?: { name: string; attributes?: Attributes };
}

const kinds = { internal: 1, server: 2, client: 3 };

export const newTraceId = () => randomBytes(16).toString("hex");
export const newSpanId = () => randomBytes(8).toString("hex");

/** Sends spans to the collector at `url` in one request; rejects unless it accepts all of them. */
export async function sendSpans(url: string, resource: Resource, spans: readonly TestSpan[]): Promise<void> {
  const services = Map.groupBy(spans, ({ service }) => service ?? resource.service);
  const resourceSpans = [...services].map(([service, own]) => ({
    resource: resourceOf({ ...resource, service }),
    scopeSpans: [{ scope: scopeOf(resource), spans: own.map(spanOf) }],
  }));
  await post(`${url}/v1/traces`, { resourceSpans });
}

/** Sends one point of a counter. */
export async function sendCount(url: string, resource: Resource, name: string, attributes: Attributes): Promise<void> {
  const now = nanoseconds(0);
  const point = { attributes: list(attributes), asInt: "1", startTimeUnixNano: now, timeUnixNano: now };
  const sum = { dataPoints: [point], aggregationTemporality: 2, isMonotonic: true };
  const scopeMetrics = [{ scope: scopeOf(resource), metrics: [{ name, sum }] }];
  await post(`${url}/v1/metrics`, { resourceMetrics: [{ resource: resourceOf(resource), scopeMetrics }] });
}

export interface TestLog {
  body: unknown;
  attributes?: Attributes;
  traceId?: string;
  severity?: string;
  event?: string;
}

/** Sends log records in one request. An object as body is sent as a list of fields. */
export async function sendLogs(url: string, resource: Resource, records: readonly TestLog[]): Promise<void> {
  const logRecords = records.map(({ body, attributes = {}, traceId, severity = "info", event }) => ({
    timeUnixNano: nanoseconds(0),
    severityNumber: 9,
    severityText: severity,
    body: typeof body === "string" ? { stringValue: body } : { kvlistValue: { values: list(Object(body)) } },
    attributes: list(attributes),
    ...(traceId !== undefined && { traceId, spanId: newSpanId() }),
    ...(event !== undefined && { eventName: event }),
  }));
  const scopeLogs = [{ scope: scopeOf(resource), logRecords }];
  await post(`${url}/v1/logs`, { resourceLogs: [{ resource: resourceOf(resource), scopeLogs }] });
}

function spanOf(span: TestSpan): object {
  const { startMs = 0, durationMs = 20, attributes = {}, events = [] } = span;
  return {
    traceId: span.traceId,
    spanId: span.id ?? newSpanId(),
    parentSpanId: span.parentId ?? "",
    traceState: span.traceState ?? "",
    name: span.name,
    kind: kinds[span.kind ?? "server"],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + durationMs),
    attributes: list(attributes),
    status: { ...(span.failed && { code: 2 }), ...(span.statusMessage && { message: span.statusMessage }) },
    events: events.map((event) => ({
      timeUnixNano: nanoseconds(startMs),
      name: event.name,
      attributes: list(event.attributes),
    })),
  };
}

function resourceOf({ service, attributes = {} }: Resource): object {
  return { attributes: list({ "service.name": service, "service.instance.id": "one", ...attributes }) };
}

function scopeOf({ scope = { name: "stack-test" } }: Resource): object {
  return { name: scope.name, attributes: list(scope.attributes ?? {}) };
}

function list(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Attributes[string]): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}

function nanoseconds(fromNowMs: number): string {
  return `${Date.now() + fromNowMs}000000`;
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok || text.includes("rejected")) throw new Error(`the collector returned ${response.status}: ${text}`);
}

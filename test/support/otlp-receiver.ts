// Receives OTLP over HTTP, as JSON or protobuf, so that tests see what the service sends without a collector.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { z } from "zod";
import { addressOf } from "./helper.ts";
import { decodeOtlp } from "./otlp-protobuf.ts";

const value = z.looseObject({
  stringValue: z.string().optional(),
  intValue: z.coerce.number().optional(),
  doubleValue: z.number().optional(),
});
/** Any value, such as the nested ones of log records. */
const anyValue: z.ZodType<unknown> = z.lazy(() =>
  value
    .extend({
      kvlistValue: z.object({ values: z.array(keyAndValue).default([]) }).optional(),
      arrayValue: z.object({ values: z.array(anyValue).default([]) }).optional(),
      boolValue: z.boolean().optional(),
    })
    .transform(({ kvlistValue, arrayValue, boolValue, stringValue, intValue, doubleValue }) => {
      const fields = kvlistValue && Object.fromEntries(kvlistValue.values.map((field) => [field.key, field.value]));
      return fields ?? arrayValue?.values ?? boolValue ?? stringValue ?? intValue ?? doubleValue;
    }),
);
const keyAndValue = z.object({ key: z.string(), value: anyValue });
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform((list) =>
    Object.fromEntries(
      list.map(({ key, value: { stringValue, intValue, doubleValue } }) => [
        key,
        stringValue ?? intValue ?? doubleValue,
      ]),
    ),
  );
const resource = z.looseObject({ attributes });
const span = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes,
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
});
const point = z.looseObject({ attributes, count: z.coerce.number().optional(), asInt: z.coerce.number().optional() });
const data = z.looseObject({ dataPoints: z.array(point) });
const metric = z.looseObject({
  name: z.string(),
  unit: z.string().optional(),
  histogram: data.optional(),
  sum: data.optional(),
  gauge: data.optional(),
});
const traces = z.object({
  resourceSpans: z.array(z.looseObject({ resource, scopeSpans: z.array(z.looseObject({ spans: z.array(span) })) })),
});
const metrics = z.object({
  resourceMetrics: z.array(
    z.looseObject({ resource, scopeMetrics: z.array(z.looseObject({ metrics: z.array(metric) })) }),
  ),
});
const logRecord = z.looseObject({
  timeUnixNano: z.coerce.bigint(),
  severityNumber: z.number(),
  severityText: z.string(),
  body: anyValue,
  traceId: z.string().optional(),
  spanId: z.string().optional(),
  attributes: z
    .array(keyAndValue)
    .default([])
    .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value]))),
});
const logs = z.object({
  resourceLogs: z.array(
    z.looseObject({ resource, scopeLogs: z.array(z.looseObject({ logRecords: z.array(logRecord) })) }),
  ),
});

export type ReceivedLog = z.output<typeof logRecord> & { resource: Record<string, unknown> };
export type ReceivedSpan = z.output<typeof span>;

function bodyOf({ url, headers }: IncomingMessage, bytes: Buffer): unknown {
  if (headers["content-type"] === "application/json") return JSON.parse(bytes.toString());
  if (url === "/v1/traces") return decodeOtlp("Traces", bytes);
  if (url === "/v1/logs") return decodeOtlp("Logs", bytes);
  return url === "/v1/metrics" ? decodeOtlp("Metrics", bytes) : undefined;
}

/** OpenTelemetry's numbers for span kinds on the wire. */
export const spanKind = { internal: 1, server: 2, client: 3 } as const;

/** Starts a receiver for both formats. `protocol` is what `env` sets for a service. */
export async function startOtlpReceiver(protocol: "http/json" | "http/protobuf" = "http/json") {
  const spans: ReceivedSpan[] = [];
  const points = new Map<string, z.output<typeof point>[]>();
  const resources: Record<string, string | number | undefined>[] = [];
  const requests: { path: string; headers: Record<string, string | string[] | undefined> }[] = [];
  const texts: string[] = [];
  const records: ReceivedLog[] = [];
  const server = createServer(async (request, response) => {
    const bytes = Buffer.concat(await request.toArray());
    const body = bodyOf(request, bytes);
    texts.push(JSON.stringify(body));
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (request.url === "/v1/traces") {
      for (const { resource, scopeSpans } of traces.parse(body).resourceSpans) {
        resources.push(resource.attributes);
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      }
    } else if (request.url === "/v1/metrics") {
      for (const { scopeMetrics } of metrics.parse(body).resourceMetrics) {
        for (const { name, histogram, sum, gauge } of scopeMetrics.flatMap((scope) => scope.metrics)) {
          points.set(name, (histogram ?? sum ?? gauge)?.dataPoints ?? []);
        }
      }
    } else if (request.url === "/v1/logs") {
      for (const { resource, scopeLogs } of logs.parse(body).resourceLogs) {
        const added = scopeLogs.flatMap((scope) => scope.logRecords);
        records.push(...added.map((record) => ({ ...record, resource: resource.attributes })));
      }
    }
    // An empty message, in either format.
    const type = request.headers["content-type"];
    response.writeHead(200, { "content-type": type }).end(type === "application/json" ? "{}" : "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    spans,
    /** Log lines. Services send them only with OTEL_LOGS_EXPORTER=otlp. */
    logs: records,
    resources,
    requests,
    /** All request bodies, as JSON. */
    texts,
    /** The latest data points of a metric. */
    points: (name: string) => points.get(name) ?? [],
    metricNames: () => [...points.keys()],
    /** The variables that make a service send here, with little delay. */
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: addressOf(server.address()),
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BLRP_SCHEDULE_DELAY: "100",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_METRIC_EXPORT_TIMEOUT: "200",
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

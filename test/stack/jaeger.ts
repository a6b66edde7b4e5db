// Queries Jaeger for traces.
import { z } from "zod";
import { addresses } from "./compose.ts";

const spanSchema = z
  .object({
    spanID: z.string(),
    operationName: z.string(),
    references: z.array(z.object({ refType: z.string(), spanID: z.string() })),
    startTime: z.number(),
    duration: z.number(),
    tags: z.array(z.object({ key: z.string(), value: z.unknown() })),
  })
  .transform(({ spanID, operationName, references, startTime, duration, tags }) => ({
    id: spanID,
    name: operationName,
    parentId: references.find(({ refType }) => refType === "CHILD_OF")?.spanID,
    startTime,
    /** Seconds. */
    duration: duration / 1e6,
    tags: new Map(tags.map(({ key, value }) => [key, value])),
  }));
const answerSchema = z.object({ data: z.array(z.object({ traceID: z.string(), spans: z.array(spanSchema) })) });

export type Span = z.infer<typeof spanSchema>;

/** The spans of a trace in start order; empty when Jaeger does not have it. */
export async function findTrace(traceId: string): Promise<Span[]> {
  const response = await fetch(`${addresses.jaeger}/api/traces/${traceId}`, { signal: AbortSignal.timeout(5000) });
  if (response.status === 404) return [];
  const { data } = answerSchema.parse(await response.json());
  return (data[0]?.spans ?? []).toSorted((a, b) => a.startTime - b.startTime);
}

/** The results of a search; the parameters are those of Jaeger's UI. */
export async function searchTraces(parameters: Record<string, string>): Promise<Span[][]> {
  const query = new URLSearchParams({ lookback: "1h", limit: "100", ...parameters });
  const response = await fetch(`${addresses.jaeger}/api/traces?${query}`, { signal: AbortSignal.timeout(5000) });
  return answerSchema.parse(await response.json()).data.map(({ spans }) => spans);
}

/** The ids of all traces of a service, with their number of spans. */
export async function tracesOf(service: string): Promise<Map<string, number>> {
  const query = new URLSearchParams({ service, lookback: "1h", limit: "10000" });
  const response = await fetch(`${addresses.jaeger}/api/traces?${query}`, { signal: AbortSignal.timeout(20_000) });
  const { data } = answerSchema.parse(await response.json());
  return new Map(data.map(({ traceID, spans }) => [traceID.padStart(32, "0"), spans.length]));
}

/** Jaeger's raw response to a request. */
export async function answerText(path: string): Promise<string> {
  const response = await fetch(addresses.jaeger + path, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`Jaeger returned ${response.status} for ${path}`);
  return response.text();
}

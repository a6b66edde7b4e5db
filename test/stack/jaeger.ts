// Asks Jaeger for traces.
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

/** The spans of a trace in the order in which they started; none when Jaeger does not have it. */
export async function findTrace(traceId: string): Promise<Span[]> {
  const response = await fetch(`${addresses.jaeger}/api/traces/${traceId}`, { signal: AbortSignal.timeout(5000) });
  if (response.status === 404) return [];
  const { data } = answerSchema.parse(await response.json());
  return (data[0]?.spans ?? []).toSorted((a, b) => a.startTime - b.startTime);
}

/** The traces that a search gives; the parameters are those of Jaeger's own page. */
export async function searchTraces(parameters: Record<string, string>): Promise<Span[][]> {
  const query = new URLSearchParams({ lookback: "1h", limit: "100", ...parameters });
  const response = await fetch(`${addresses.jaeger}/api/traces?${query}`, { signal: AbortSignal.timeout(5000) });
  return answerSchema.parse(await response.json()).data.map(({ spans }) => spans);
}

/** The ids of all traces of a service, with how many spans each has. */
export async function tracesOf(service: string): Promise<Map<string, number>> {
  const query = new URLSearchParams({ service, lookback: "1h", limit: "10000" });
  const response = await fetch(`${addresses.jaeger}/api/traces?${query}`, { signal: AbortSignal.timeout(20_000) });
  const { data } = answerSchema.parse(await response.json());
  return new Map(data.map(({ traceID, spans }) => [traceID.padStart(32, "0"), spans.length]));
}

/** What Jaeger answers to a request, as it stands there. */
export async function answerText(path: string): Promise<string> {
  const response = await fetch(addresses.jaeger + path, { signal: AbortSignal.timeout(20_000) });
  if (!response.ok) throw new Error(`Jaeger answered ${response.status} to ${path}`);
  return response.text();
}

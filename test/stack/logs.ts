// Queries VictoriaLogs for log lines.
import { z } from "zod";
import { addresses } from "./compose.ts";

const line = z.looseObject({
  _msg: z.string().default(""),
  _stream: z.string().default(""),
  _time: z.string().default(""),
});

/** A stored line: all its fields as texts, under the names that queries use. */
export type StoredLine = z.infer<typeof line>;

/** The lines that match a LogsQL query, as JSON lines. */
export async function logsText(query: string): Promise<string> {
  const body = new URLSearchParams({ query });
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(`${addresses.logs}/select/logsql/query`, { method: "POST", body, signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`VictoriaLogs returned ${response.status} for ${query}: ${text}`);
  return text;
}

/** The lines that match a LogsQL query, in the order of their time; or the rows that it computes from them. */
export async function findLines(query: string): Promise<StoredLine[]> {
  const lines = (await logsText(query)).split("\n").filter((text) => text !== "");
  return lines.map((text) => line.parse(JSON.parse(text))).sort((a, b) => a._time.localeCompare(b._time));
}

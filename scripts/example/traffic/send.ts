// Sends a planned request and reads the whole response, so that its connection can be reused.
import type { Config } from "./config.ts";
import type { Answer } from "./memory.ts";
import type { Planned } from "./planned.ts";

/** Throws like fetch without a response or when `signal` aborts. */
export async function send(config: Config, planned: Planned, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = { "user-agent": "traffic-generator" };
  if (planned.authorized) headers["x-api-key"] = config.apiKey;
  if (planned.etag) {
    headers["if-none-match"] = planned.etag;
    // Otherwise fetch adds "no-cache", which never gets a 304.
    headers["cache-control"] = "max-age=0";
  }
  if (planned.body) headers["content-type"] = "application/json";
  const body = planned.body ? JSON.stringify(planned.body) : null;
  const response = await fetch(config.target + planned.path, { method: planned.method, headers, body, signal });
  const text = await response.text();
  return { status: response.status, etag: response.headers.get("etag"), body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

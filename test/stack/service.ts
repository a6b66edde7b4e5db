// The service's client, and its book-keeping: each request has a trace id of its own and is counted by what was answered, so
// that what the telemetry says can be compared with what happened.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { developmentSecret } from "../../src/config/environment.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { addresses } from "./compose.ts";

export interface Sent {
  status: number;
  headers: Headers;
  body: unknown;
  traceId: string;
  /** The span id of the caller, which is the parent of the server's span. */
  callerId: string;
}

interface Request {
  method?: string;
  /** The route that the path belongs to, as telemetry names it. */
  route: string;
  path?: string;
  body?: object;
  apiKey?: string;
  /** Sends a token instead of a key. */
  bearer?: boolean;
}

const token = await signDevelopmentToken(
  { secret: developmentSecret, issuer: "koa-service-template", audience: "koa-service-template" },
  { subject: "stack-test", ttlS: 86_400 },
);

const answered = new Map<string, number>();

/** Sends one request and reads its answer. */
export async function send({ method = "GET", route, path = route, body, apiKey, bearer }: Request): Promise<Sent> {
  const traceId = randomBytes(16).toString("hex");
  const callerId = randomBytes(8).toString("hex");
  const response = await fetch(addresses.app + path, {
    method,
    headers: {
      traceparent: `00-${traceId}-${callerId}-01`,
      ...(bearer ? { authorization: `Bearer ${token}` } : { "x-api-key": apiKey ?? "development-key" }),
      ...(body && { "content-type": "application/json" }),
    },
    body: body ? JSON.stringify(body) : null,
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  const key = countKey(method, route, response.status);
  answered.set(key, (answered.get(key) ?? 0) + 1);
  const parsed: unknown = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: parsed, traceId, callerId };
}

/** How many requests of this kind were sent and answered so. */
export function sentCount(method: string, route: string, status: number): number {
  return answered.get(countKey(method, route, status)) ?? 0;
}

function countKey(method: string, route: string, status: number): string {
  return `${method} ${route} ${status}`;
}

/** Creates an automation that calls the named hook of the webhook receiver, by the given origin, and gives its id. */
export async function createAutomation(hook: string, origin = "http://webhook:9000"): Promise<number> {
  const webhookUrl = `${origin}/hooks/${hook}`;
  const body = { name: `Stack test: ${hook}`, description: "Made by the stack's tests", category: "data", webhookUrl };
  const created = await send({ method: "POST", route: "/api/automations", body });
  return z.object({ id: z.number() }).parse(created.body).id;
}

// A client of the service that keeps records: each request has its own trace id and is counted by its status, so that the tests can
// compare the telemetry with what happened.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { developmentSecret } from "../../src/config/environment.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { paths } from "../support/fixture/routes.ts";
import { addresses } from "./compose.ts";

export interface Sent {
  status: number;
  headers: Headers;
  body: unknown;
  traceId: string;
  /** The caller's span id, the parent of the server span. */
  callerId: string;
}

interface Request {
  method?: string;
  /** The path's route, as in the telemetry. */
  route: string;
  path?: string;
  body?: object;
  apiKey?: string;
  /** Sends a token instead of a key. */
  bearer?: boolean;
}

const token = await signDevelopmentToken(
  { secret: developmentSecret, issuer: serviceName, audience: serviceName },
  { subject: "stack-test", ttlS: 86_400 },
);

/** The routes of the tests' domain, as in the telemetry. */
export const routes = {
  items: paths.items,
  cached: paths.cached,
  item: `${paths.items}/{id}`,
  calls: `${paths.items}/{id}/calls`,
} as const;

const answered = new Map<string, number>();

/** Sends a request and reads its response. */
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

/** How many requests of this kind got this status. */
export function sentCount(method: string, route: string, status: number): number {
  return answered.get(countKey(method, route, status)) ?? 0;
}

function countKey(method: string, route: string, status: number): string {
  return `${method} ${route} ${status}`;
}

/** Creates an item whose calls the receiver answers in one of the ways in receiver.ts, and returns its id. */
export async function createItem(answer: string, origin = "http://receiver:9000"): Promise<number> {
  const body = { name: `Stack test: ${answer}`, url: `${origin}/${answer}` };
  const created = await send({ method: "POST", route: routes.items, body });
  return z.object({ id: z.number() }).parse(created.body).id;
}

/** Requests an item. */
export function get(id: number): Promise<Sent> {
  return send({ route: routes.item, path: `${paths.items}/${id}` });
}

/** Makes the service call an item's URL. */
export function call(id: number): Promise<Sent> {
  return send({ method: "POST", route: routes.calls, path: `${paths.items}/${id}/calls` });
}

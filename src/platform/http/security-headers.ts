// The headers that keep browsers from doing harm with an answer, and the ones that let chosen sites read it.
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import koaCors from "@koa/cors";
import helmet from "helmet";
import type { Middleware } from "./types.ts";

/**
 * helmet's headers for an API that serves no pages: nothing may be loaded by an answer, none may be framed or embedded by
 * other sites. Without those that say how a page is to be shown, or are for browsers of the past.
 */
export function securityHeaders(): Middleware {
  const headers = headersOf(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
      },
      xFrameOptions: { action: "deny" },
      crossOriginOpenerPolicy: false,
      originAgentCluster: false,
      xDnsPrefetchControl: false,
      xDownloadOptions: false,
      xPermittedCrossDomainPolicies: false,
      xXssProtection: false,
    }),
  );
  return function securityHeaders(ctx, next) {
    for (const [name, value] of headers) ctx.res.setHeader(name, value);
    return next();
  };
}

/** helmet's headers are the same for every answer: it is asked once. */
function headersOf(protect: ReturnType<typeof helmet>): [string, string][] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  protect(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}

/**
 * Lets pages of the listed `origins` (such as `https://app.example.com`) call the service from a browser; anyone else's get
 * no CORS headers. Credentials travel in headers, never in cookies, so none are allowed. Install it only with origins.
 */
export function crossOrigin(origins: readonly string[]): Middleware {
  const allowed = new Set(origins);
  const cors = koaCors({
    // An empty answer means: no headers for this one.
    origin: (ctx) => (allowed.has(ctx.get("Origin")) ? ctx.get("Origin") : ""),
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "X-API-Key",
      "X-Request-Id",
      "X-Request-Timeout-Ms",
      // What OpenTelemetry in a browser sends: a page whose preflight allows less cannot call at all.
      "traceparent",
      "tracestate",
      "baggage",
    ],
    exposeHeaders: ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
    maxAge: 600,
    keepHeadersOnError: false,
  });
  return async function crossOrigin(ctx, next) {
    await cors(ctx, next);
  };
}

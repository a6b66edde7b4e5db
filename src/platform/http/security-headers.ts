// Headers that restrict what browsers may do with a response, and CORS headers that let listed sites read it.
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import koaCors from "@koa/cors";
import helmet from "helmet";
import type { Middleware } from "./types.ts";

/**
 * Sets helmet's headers for an API that serves no pages: a response may load nothing, and other sites may not frame or embed
 * it. Leaves out the headers that only matter to pages or to obsolete browsers.
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

/** helmet's headers are the same for every response, so they are computed once. */
function headersOf(protect: ReturnType<typeof helmet>): [string, string][] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  protect(request, response, (error) => {
    if (error !== undefined) throw error;
  });
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]);
}

/**
 * Lets pages of the listed `origins` (such as `https://app.example.com`) call the service from a browser; other pages get no
 * CORS headers. Cookies are not allowed: credentials travel in headers. Install it only if there are origins.
 */
export function crossOrigin(origins: readonly string[]): Middleware {
  const allowed = new Set(origins);
  const cors = koaCors({
    // An empty string means no CORS headers.
    origin: (ctx) => (allowed.has(ctx.get("Origin")) ? ctx.get("Origin") : ""),
    allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "X-API-Key",
      "X-Request-Id",
      "X-Request-Timeout-Ms",
      // Sent by OpenTelemetry in the browser: without them, the preflight of such a page fails.
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

// The headers that keep browsers from doing harm with an answer, and the ones that let chosen sites read it.
import koaCors from "@koa/cors";
import helmet from "helmet";
import type { Middleware } from "./http.ts";

/** helmet's headers for an API that serves no pages: nothing may be loaded by an answer, and none may be framed. */
export function securityHeaders(): Middleware {
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: "deny" },
  });
  return async function securityHeaders(ctx, next) {
    await new Promise<void>((resolve, reject) => {
      protect(ctx.req, ctx.res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
    await next();
  };
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
    allowHeaders: ["Authorization", "Content-Type", "X-API-Key", "X-Request-Id", "X-Request-Timeout-Ms", "traceparent"],
    exposeHeaders: ["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
    maxAge: 600,
    keepHeadersOnError: false,
  });
  return async function crossOrigin(ctx, next) {
    await cors(ctx, next);
  };
}

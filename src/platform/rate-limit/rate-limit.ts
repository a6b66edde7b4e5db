// Gives each client so many requests a minute, counted by koa-ratelimit: by address before authentication, so that guessing
// tokens has a limit too, and by subject after it, so that many addresses are no way around.
import { metrics } from "@opentelemetry/api";
import koaRatelimit from "koa-ratelimit";
import { clientAddress, clientNetwork } from "../client-address.ts";
import type { Context, Middleware } from "../http.ts";
import { Problem } from "../problem.ts";
import type { RateLimitStore } from "./store.ts";

export interface RateLimitOptions {
  /** Requests that a client may make in one window. */
  max: number;
  /** The window, in seconds. */
  windowS: number;
  store: RateLimitStore;
  /** How many proxies in front of the service append to X-Forwarded-For. */
  trustedProxies: number;
  /** Clients at these addresses are not limited. */
  exempt: (address: string) => boolean;
}

type By = "address" | "subject";

/** Limits each address; the /64 network counts for IPv6. rate_limited (429) with Retry-After beyond the limit. */
export function limitByAddress(options: RateLimitOptions): Middleware {
  const limit = limiter("address", options, (ctx) => clientNetwork(clientAddress(ctx.req, options.trustedProxies)));
  return async function limitByAddress(ctx, next) {
    await limit(ctx);
    await next();
  };
}

/** Limits each authenticated subject; requests without one pass. rate_limited (429) with Retry-After beyond the limit. */
export function limitBySubject(options: RateLimitOptions): Middleware {
  const limit = limiter("subject", options, (ctx) => ctx.state.subject ?? "");
  return async function limitBySubject(ctx, next) {
    if (ctx.state.subject !== undefined) await limit(ctx);
    await next();
  };
}

/** Resolves when the request may go on; without the store it may. */
function limiter(
  by: By,
  { max, windowS, store, trustedProxies, exempt }: RateLimitOptions,
  id: (ctx: Context) => string,
) {
  const decisions = metrics.getMeter("rate-limit").createCounter("ratelimit.decisions", {
    description: "Requests that the rate limit let pass or refused",
    unit: "{request}",
  });
  for (const decision of ["allowed", "limited", "exempt", "store_error"]) decisions.add(0, { decision, by });
  const count = koaRatelimit({
    ...store.open(),
    max,
    duration: windowS * 1000,
    namespace: `ratelimit:${by}`,
    id,
    errorMessage: "Too many requests",
  });

  return async function limit(ctx: Context): Promise<void> {
    if (exempt(clientAddress(ctx.req, trustedProxies))) return decisions.add(1, { decision: "exempt", by });
    let decision: "allowed" | "limited" | "store_error" = "limited";
    if (!store.usable()) {
      decision = "store_error";
    } else {
      try {
        await count(ctx, async () => {
          decision = "allowed";
        });
        store.worked();
      } catch (error) {
        store.failed(error);
        decision = "store_error";
      }
    }
    decisions.add(1, { decision, by });
    if (decision === "store_error") return;
    const resetS = describe(ctx, by, max, windowS);
    if (decision === "limited") throw new Problem("rate_limited", { retryAfterS: Math.max(1, resetS) });
  };
}

/**
 * Adds the standard headers (draft-ietf-httpapi-ratelimit-headers) to those that the library has set, and makes the
 * library's reset time a whole number. Gives the seconds until the limit allows more, rounded up.
 */
function describe(ctx: Context, by: By, max: number, windowS: number): number {
  const reset = Number(ctx.response.get("X-RateLimit-Reset"));
  const remaining = ctx.response.get("X-RateLimit-Remaining");
  const resetS = Math.min(windowS, Math.max(0, Math.ceil(reset - Date.now() / 1000)));
  ctx.set("X-RateLimit-Reset", String(Math.ceil(reset)));
  ctx.append("RateLimit-Policy", `"${by}";q=${max};w=${windowS}`);
  ctx.append("RateLimit", `"${by}";r=${remaining};t=${resetS}`);
  return resetS;
}

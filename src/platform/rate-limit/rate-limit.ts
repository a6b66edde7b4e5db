// Limits the request rate of each client, using koa-ratelimit: by address before authentication, so that guessing tokens is
// limited too, and by subject after it, so that using many addresses does not help.
import { metrics } from "@opentelemetry/api";
import type { Next } from "koa";
import koaRatelimit, { type RateLimitContext } from "koa-ratelimit";
import { clientAddress } from "../http/client-address.ts";
import type { Context, Middleware, RequestState } from "../http/types.ts";
import { clientNetwork } from "../ip-address.ts";
import { Problem } from "../request/problem.ts";
import type { RateLimitStore } from "./store.ts";

export interface RateLimitOptions {
  /** Maximum number of requests per client in a window. */
  max: number;
  /** Length of the window in seconds. */
  windowS: number;
  store: RateLimitStore;
  /** How many proxies in front of the service append to X-Forwarded-For. */
  trustedProxies: number;
  /** Clients at these addresses are not limited. */
  exempt: (address: string) => boolean;
}

type By = "address" | "subject";

/** Limits each address, or each /64 network for IPv6. Throws rate_limited (429) with Retry-After above the limit. */
export function limitByAddress(options: RateLimitOptions): Middleware {
  const limit = limiter("address", options);
  return function limitByAddress(ctx, next) {
    return limit(ctx, clientNetwork, next);
  };
}

/** Limits each authenticated subject; requests without one pass. Throws rate_limited (429) with Retry-After above the limit. */
export function limitBySubject(options: RateLimitOptions): Middleware {
  const limit = limiter("subject", options);
  return function limitBySubject(ctx, next) {
    const { subject } = ctx.state;
    return subject === undefined ? next() : limit(ctx, () => subject, next);
  };
}

/** Stands in for the Koa context: the library writes its headers here, and the response's are written once, from this. */
class Verdict implements RateLimitContext {
  readonly state = {};
  readonly client: string;
  body: unknown;
  status = 200;
  remaining = 0;
  /** In seconds since 1970, with fractions. */
  reset = 0;

  constructor(client: string) {
    this.client = client;
  }

  set(fields: string | Record<string, number>): void {
    if (typeof fields === "string") return;
    this.remaining = fields.remaining ?? 0;
    this.reset = fields.reset ?? 0;
  }
}

/**
 * Counts a request for the client that `clientOf` derives from its address. Lets it pass within the limit, and always while the
 * store is down. Awaits the rest of the chain instead of returning its promise, which would take two more microtasks.
 */
function limiter(by: By, { max, windowS, store, trustedProxies, exempt }: RateLimitOptions) {
  const decisions = countDecisions(by);
  const count = koaRatelimit<Verdict>({
    ...store.open(),
    max,
    duration: windowS * 1000,
    namespace: `ratelimit:${by}`,
    id: ({ client }) => client,
    errorMessage: "Too many requests",
    headers: { remaining: "remaining", reset: "reset", total: "total" },
  });
  const policy = `"${by}";q=${max};w=${windowS}`;
  const total = String(max);

  return async function limit(ctx: Context, clientOf: (address: string) => string, next: Next): Promise<void> {
    ctx.state.clientAddress ??= clientAddress(ctx.req, trustedProxies);
    const address = ctx.state.clientAddress;
    if (exempt(address)) {
      decisions.exempt += 1;
      return await next();
    }
    if (!store.usable()) {
      decisions.store_error += 1;
      return await next();
    }
    const verdict = new Verdict(clientOf(address));
    try {
      await count(verdict, noNext);
    } catch (error) {
      store.failed(error);
      decisions.store_error += 1;
      return await next();
    }
    store.worked();
    const allowed = verdict.status === 200;
    decisions[allowed ? "allowed" : "limited"] += 1;
    const resetS = Math.min(windowS, Math.max(0, Math.ceil(verdict.reset - Date.now() / 1000)));
    setHeaders(ctx, { policy, items: `"${by}";r=${verdict.remaining};t=${resetS}` }, verdict, total);
    if (!allowed) throw new Problem("rate_limited", { retryAfterS: Math.max(1, resetS) });
    return await next();
  };
}

/** Only the library's verdict is needed, so its `next` does nothing. */
async function noNext(): Promise<void> {}

/** Sets the library's headers, with its time as a whole number, and the standard's (draft-ietf-httpapi-ratelimit-headers). */
function setHeaders({ res, state }: Context, limit: HeaderItems, { remaining, reset }: Verdict, total: string): void {
  // The standard's are lists: each limit appends its item.
  const combined = state.rateLimit === undefined ? limit : joined(state.rateLimit, limit);
  state.rateLimit = combined;
  // Lower case as Node stores them, which saves a conversion per request.
  res.setHeader("x-ratelimit-limit", total);
  res.setHeader("x-ratelimit-remaining", String(remaining));
  res.setHeader("x-ratelimit-reset", String(Math.ceil(reset)));
  res.setHeader("ratelimit-policy", combined.policy);
  res.setHeader("ratelimit", combined.items);
}

type HeaderItems = NonNullable<RequestState["rateLimit"]>;

function joined(before: HeaderItems, limit: HeaderItems): HeaderItems {
  return { policy: `${before.policy}, ${limit.policy}`, items: `${before.items}, ${limit.items}` };
}

const decisionNames = ["allowed", "limited", "exempt", "store_error"] as const;

/** Returns counts to increment; the metric `ratelimit.decisions` reads them at each collection. */
function countDecisions(by: By): Record<(typeof decisionNames)[number], number> {
  const counts = { allowed: 0, limited: 0, exempt: 0, store_error: 0 };
  const counter = metrics.getMeter("rate-limit").createObservableCounter("ratelimit.decisions", {
    description: "Requests that the rate limit allowed or refused, by decision",
    unit: "{request}",
  });
  counter.addCallback((result) => {
    for (const decision of decisionNames) result.observe(counts[decision], { decision, by });
  });
  return counts;
}

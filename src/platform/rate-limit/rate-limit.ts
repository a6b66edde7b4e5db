// Gives each client so many requests a minute, counted by koa-ratelimit: by address before authentication, so that guessing
// tokens has a limit too, and by subject after it, so that many addresses are no way around.
import { metrics } from "@opentelemetry/api";
import type { Next } from "koa";
import koaRatelimit, { type RateLimitContext } from "koa-ratelimit";
import { clientAddress } from "../http/client-address.ts";
import type { Context, Middleware, RequestState } from "../http/types.ts";
import { clientNetwork } from "../ip-address.ts";
import { Problem } from "../request/problem.ts";
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
  const limit = limiter("address", options);
  return function limitByAddress(ctx, next) {
    return limit(ctx, clientNetwork, next);
  };
}

/** Limits each authenticated subject; requests without one pass. rate_limited (429) with Retry-After beyond the limit. */
export function limitBySubject(options: RateLimitOptions): Middleware {
  const limit = limiter("subject", options);
  return function limitBySubject(ctx, next) {
    const { subject } = ctx.state;
    return subject === undefined ? next() : limit(ctx, () => subject, next);
  };
}

/** What the library writes to: its headers are read here, and the answer's are written once, in the form that they are to have. */
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
 * Lets the request of the client that `clientOf` its address go on when it may; without the store it may. Awaits the rest of the
 * chain instead of returning its promise, which would take two turns of the microtasks more.
 */
function limiter(by: By, { max, windowS, store, trustedProxies, exempt }: RateLimitOptions) {
  const decided = decisionCounts(by);
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
      decided.exempt += 1;
      return await next();
    }
    if (!store.usable()) {
      decided.store_error += 1;
      return await next();
    }
    const verdict = new Verdict(clientOf(address));
    try {
      await count(verdict, goOn);
    } catch (error) {
      store.failed(error);
      decided.store_error += 1;
      return await next();
    }
    store.worked();
    const allowed = verdict.status === 200;
    decided[allowed ? "allowed" : "limited"] += 1;
    const resetS = Math.min(windowS, Math.max(0, Math.ceil(verdict.reset - Date.now() / 1000)));
    describe(ctx, { policy, items: `"${by}";r=${verdict.remaining};t=${resetS}` }, verdict, total);
    if (!allowed) throw new Problem("rate_limited", { retryAfterS: Math.max(1, resetS) });
    return await next();
  };
}

/** Of the library only its verdict is wanted. */
async function goOn(): Promise<void> {}

/** The library's own headers, with its time as a whole number, and the standard's (draft-ietf-httpapi-ratelimit-headers). */
function describe({ res, state }: Context, own: Described, { remaining, reset }: Verdict, total: string): void {
  // The standard's are lists: each limit adds its part.
  const all = state.rateLimit === undefined ? own : joined(state.rateLimit, own);
  state.rateLimit = all;
  // In lower case, as Node keeps names: any other it would turn into that with each request.
  res.setHeader("x-ratelimit-limit", total);
  res.setHeader("x-ratelimit-remaining", String(remaining));
  res.setHeader("x-ratelimit-reset", String(Math.ceil(reset)));
  res.setHeader("ratelimit-policy", all.policy);
  res.setHeader("ratelimit", all.items);
}

type Described = NonNullable<RequestState["rateLimit"]>;

function joined(before: Described, own: Described): Described {
  return { policy: `${before.policy}, ${own.policy}`, items: `${before.items}, ${own.items}` };
}

const decisions = ["allowed", "limited", "exempt", "store_error"] as const;

/** To be counted up; read at each collection. */
function decisionCounts(by: By): Record<(typeof decisions)[number], number> {
  const counts = { allowed: 0, limited: 0, exempt: 0, store_error: 0 };
  const counter = metrics.getMeter("rate-limit").createObservableCounter("ratelimit.decisions", {
    description: "Requests that the rate limit let pass or refused",
    unit: "{request}",
  });
  counter.addCallback((result) => {
    for (const decision of decisions) result.observe(counts[decision], { decision, by });
  });
  return counts;
}

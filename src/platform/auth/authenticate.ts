// Requires credentials on every route that is not public, and identifies the caller. The matched route decides what is public;
// a request without a matched route counts as protected.
import type { Next } from "koa";
import type { Context, Middleware, Route } from "../http/types.ts";
import { Problem } from "../request/problem.ts";
import { inPhase } from "../request/scope.ts";
import { asAuthProblem, type TokenVerifier } from "./jwt.ts";

export interface AuthenticateOptions {
  verifyToken: TokenVerifier;
  /** The subject of an API key, or undefined for an unknown key. */
  subjectOfKey: (key: string) => string | undefined;
  publicRoutes: ReadonlySet<Route>;
}

/**
 * Stores the caller in `ctx.state.subject`. Accepts `Authorization: Bearer <JWT>`, `Authorization: ApiKey <key>` or
 * `X-API-Key: <key>`, which is ignored if there is an `Authorization` header. Problems: unauthenticated (401), and
 * dependency_failed (503) when no keys are available to verify a token.
 */
export function authenticate({ verifyToken, subjectOfKey, publicRoutes }: AuthenticateOptions): Middleware {
  return function authenticate(ctx, next) {
    const { route } = ctx.state;
    return route !== undefined && publicRoutes.has(route) ? next() : identify(ctx, next);
  };

  async function identify(ctx: Context, next: Next): Promise<void> {
    ctx.state.subject = await inPhase("auth", () => callerOf(ctx));
    await next();
  }

  async function callerOf(ctx: Context): Promise<string> {
    const { scheme, value } = credentialsOf(ctx);
    if (value === "") throw new Problem("unauthenticated", { headers: { "WWW-Authenticate": "Bearer" } });
    if (scheme === "bearer") {
      return verifyToken(value).catch((error: unknown) => {
        throw asAuthProblem(error);
      });
    }
    const subject = scheme === "apikey" ? subjectOfKey(value) : undefined;
    if (subject === undefined) throw asAuthProblem(undefined);
    return subject;
  }
}

function credentialsOf(ctx: Context): { scheme: string; value: string } {
  const authorization = ctx.get("authorization");
  if (authorization === "") return { scheme: "apikey", value: ctx.get("x-api-key") };
  const space = authorization.indexOf(" ");
  if (space === -1) return { scheme: authorization.toLowerCase(), value: "" };
  return { scheme: authorization.slice(0, space).toLowerCase(), value: authorization.slice(space + 1).trim() };
}

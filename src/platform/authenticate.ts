// Asks for a bearer token on every route that is not declared public. Comparing digests takes the same time for any guess.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Middleware } from "./http.ts";
import { Problem } from "./problem.ts";

/** Lets requests with `Authorization: Bearer <token>` pass; unauthenticated (401) for the others. */
export function authenticate(token: string): Middleware {
  const expected = digest(token);
  return async function authenticate(ctx, next) {
    if (ctx.state.route?.public !== true) {
      const given = /^Bearer +(\S+)$/i.exec(ctx.get("authorization"))?.[1];
      if (given === undefined || !timingSafeEqual(digest(given), expected)) {
        throw new Problem("unauthenticated", { headers: { "WWW-Authenticate": "Bearer" } });
      }
    }
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

// Brings the target of a request into the form that everything after it expects: a path. A proxy's absolute address is
// allowed by HTTP, but Koa's own parser throws on some of them, which would be a 500 for anyone to cause.
import type { Middleware } from "./http.ts";
import { Problem } from "./problem.ts";
import { nameRoute, unmatchedRoute } from "./route-match.ts";

/** Turns `http://host/path?query` into `/path?query`; not_found (404) for a target that is neither. */
export const requestTarget: Middleware = async function requestTarget(ctx, next) {
  if (!ctx.url.startsWith("/")) {
    const target = URL.parse(ctx.url);
    if (target === null || !target.pathname.startsWith("/")) {
      nameRoute(unmatchedRoute);
      throw new Problem("not_found");
    }
    ctx.url = target.pathname + target.search;
  }
  await next();
};

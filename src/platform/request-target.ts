// Brings the target of a request into the form that everything after it expects: a path. A proxy's absolute address is
// allowed by HTTP, but Koa's own parser throws on some of them, which would be a 500 for anyone to cause. Its parser of
// queries takes the square of their parameters: 0.2 s of the event loop for as many as the headers have room for.
import type { Middleware } from "./http.ts";
import { Problem } from "./problem.ts";
import { nameRoute, unmatchedRoute } from "./route-match.ts";

const mostParameters = 100;

/**
 * Turns `http://host/path?query` into `/path?query`. Problems: not_found (404) for a target that is neither,
 * invalid_request (400) for more than 100 parameters.
 */
export const requestTarget: Middleware = function requestTarget(ctx, next) {
  if (!ctx.url.startsWith("/")) {
    const target = URL.parse(ctx.url);
    if (target === null || !target.pathname.startsWith("/")) {
      nameRoute(ctx, unmatchedRoute);
      throw new Problem("not_found");
    }
    ctx.url = target.pathname + target.search;
  }
  const { querystring } = ctx;
  if (querystring !== "" && querystring.split("&", mostParameters + 1).length > mostParameters) {
    nameRoute(ctx, unmatchedRoute);
    throw new Problem("invalid_request", { detail: `A query takes at most ${mostParameters} parameters` });
  }
  return next();
};

// Matches the route once, by path and method, before anything else is decided: authentication, limits and telemetry use the
// matched route, never the raw path. A request without a match ends here.

import Router from "@koa/router";
import { Problem } from "../request/problem.ts";
import type { Context, Middleware, Route } from "./types.ts";

/** The `http.route` of every unmatched request: a single value, so that scanners cannot add metric series. */
export const unmatchedRoute = "unmatched";

/** Stores the matched route and its parameters in `ctx.state`. The first match wins. Throws not_found (404) without one. */
export function routeMatch(routes: readonly Route[]): Middleware {
  const router = new Router();
  for (const { path, method } of routes) router.register(path, [method], () => {});
  // The router has one layer per route, in the same order.
  const entries = router.stack.flatMap((layer, index) => {
    const route = routes[index];
    return route === undefined ? [] : { layer, route, name: routeTemplate(route.path) };
  });
  const methods = new Set(entries.flatMap(({ layer }) => layer.methods));
  const byMethod = new Map(
    [...methods].map((method) => [method, entries.filter(({ layer }) => layer.methods.includes(method))]),
  );

  return function routeMatch(ctx, next) {
    const { method, path } = ctx;
    // The router's own lookup would test the routes of every method, and the matching one twice.
    for (const { route, name, layer } of byMethod.get(method) ?? []) {
      const captures = layer.regexp.exec(path);
      if (captures === null) continue;
      nameRoute(ctx, name);
      ctx.state.route = route;
      ctx.state.params = layer.params(path, captures.slice(1), {});
      return next();
    }
    nameRoute(ctx, unmatchedRoute);
    throw new Problem("not_found");
  };
}

/** The last step of the request path: runs the matched route's handler. */
export const handleRoute: Middleware = function handleRoute(ctx) {
  return ctx.state.route?.handle(ctx);
};

/** Turns `/api/orders/:id` into `/api/orders/{id}`, the form that telemetry, logs and /metrics use. */
export function routeTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** Sets the `http.route` of the server span and the request metrics, and the span's name. */
export function nameRoute(ctx: Context, template: string): void {
  ctx.state.routeName = template;
}

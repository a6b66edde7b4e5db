// Finds the route once, by path and method, before anything is decided about the request: authentication, limits and
// telemetry all speak of the matched route, never of the raw path. No match ends the request here.

import Router from "@koa/router";
import { Problem } from "../request/problem.ts";
import type { Context, Middleware, Route } from "./types.ts";

/** The `http.route` of all requests that match nothing: one value, so that scanners cannot grow the metrics. */
export const unmatchedRoute = "unmatched";

/** Puts the matched route and its parameters into the state; not_found (404) when there is none. First match wins. */
export function routeMatch(routes: readonly Route[]): Middleware {
  const router = new Router();
  for (const { path, method } of routes) router.register(path, [method], () => {});
  // One layer for each, in their order.
  const known = router.stack.flatMap((layer, index) => {
    const route = routes[index];
    return route === undefined ? [] : { layer, route, name: routeTemplate(route.path) };
  });
  const methods = new Set(known.flatMap(({ layer }) => layer.methods));
  const byMethod = new Map([...methods].map((one) => [one, known.filter(({ layer }) => layer.methods.includes(one))]));

  return function routeMatch(ctx, next) {
    const { method, path } = ctx;
    // Not by the router's own look-up, which tries every route of every method, and the one that fits twice.
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

/** `/api/automations/:id` as `/api/automations/{id}`: the one spelling that telemetry, logs and /metrics use. */
export function routeTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** Gives the server span its name and `http.route`, and with it the request metrics. */
export function nameRoute(ctx: Context, template: string): void {
  ctx.state.routeName = template;
}

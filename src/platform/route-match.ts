// Finds the route once, by path and method, before anything is decided about the request: authentication, limits and
// telemetry all speak of the matched route, never of the raw path. No match ends the request here.

import Router from "@koa/router";
import { context } from "@opentelemetry/api";
import { getRPCMetadata, RPCType } from "@opentelemetry/core";
import type { Middleware, Route } from "./http.ts";
import { Problem } from "./problem.ts";

/** The `http.route` of all requests that match nothing: one value, so that scanners cannot grow the metrics. */
export const unmatchedRoute = "unmatched";

/** Puts the matched route and its parameters into the state; not_found (404) when there is none. First match wins. */
export function routeMatch(routes: readonly Route[]): Middleware {
  const router = new Router();
  const byLayer = new Map<unknown, Route>();
  for (const route of routes)
    byLayer.set(
      router.register(route.path, [route.method], () => {}),
      route,
    );

  return async function routeMatch(ctx, next) {
    const layer = router.match(ctx.path, ctx.method).pathAndMethod[0];
    const route = byLayer.get(layer);
    nameRoute(route === undefined ? unmatchedRoute : routeTemplate(route.path));
    if (layer === undefined || route === undefined) throw new Problem("not_found");
    ctx.state.route = route;
    ctx.state.params = layer.params(ctx.path, layer.captures(ctx.path), {});
    await next();
  };
}

/** The last step of the request path: runs the matched route's handler. */
export const handleRoute: Middleware = async function handleRoute(ctx) {
  await ctx.state.route?.handle(ctx);
};

/** `/api/automations/:id` as `/api/automations/{id}`: the one spelling that telemetry, logs and /metrics use. */
export function routeTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** Gives the server span its name and `http.route`, and with it the request metrics. */
export function nameRoute(template: string): void {
  const metadata = getRPCMetadata(context.active());
  if (metadata?.type === RPCType.HTTP) metadata.route = template;
}

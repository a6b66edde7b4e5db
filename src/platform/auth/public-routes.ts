// Determines which routes need no credentials: those declared public, and those added by configuration. The result is a set of
// routes, not paths, so that no odd spelling of a path can change the decision.
import type { Route } from "../http/types.ts";
import { ConfigError } from "../variables.ts";

/**
 * Returns the routes declared `public` and those named by `entries`. An entry is a method and a path as the route declares it,
 * such as `GET /api/things/:id`; without a method it means GET, never a method that changes something.
 *
 * @throws {ConfigError} naming every entry that matches no route.
 */
export function publicRoutes(entries: readonly string[], routes: readonly Route[]): ReadonlySet<Route> {
  const found = new Set(routes.filter((route) => route.public === true));
  const unknown: string[] = [];
  for (const entry of entries) {
    const [, method = "GET", path] = /^(?:([A-Za-z]+)\s+)?(\S+)$/.exec(entry.trim()) ?? [];
    const matching = routes.filter((route) => route.method === method.toUpperCase() && route.path === path);
    if (matching.length === 0) unknown.push(JSON.stringify(entry));
    for (const route of matching) found.add(route);
  }
  if (unknown.length > 0) {
    const known = routes.map((route) => `${route.method} ${route.path}`).join(", ");
    throw new ConfigError(`PUBLIC_ROUTES: no route is ${unknown.join(" or ")}; there are: ${known}`);
  }
  return found;
}

// Normalises the request target to a path and refuses dangerous messages. HTTP allows absolute URLs as targets, but Koa's
// parser throws on some of them, so anyone could cause a 500. Its query parser takes quadratic time: 0.2 s of the event loop
// for as many parameters as fit into the headers. A message that a proxy may read differently from Node is refused too (request
// smuggling).
import type { IncomingMessage } from "node:http";
import { Problem } from "../request/problem.ts";
import { nameRoute, unmatchedRoute } from "./router.ts";
import type { Middleware } from "./types.ts";

const maxParameters = 100;

/**
 * Turns `http://host/path?query` into `/path?query`. Problems: not_found (404) for any other target, invalid_request (400) for
 * more than 100 query parameters or an ambiguous message.
 */
export const requestTarget: Middleware = function requestTarget(ctx, next) {
  const fault = ambiguity(ctx.req);
  if (fault !== undefined) {
    nameRoute(ctx, unmatchedRoute);
    // The end of the body is unknown too: what follows must not be read as a request.
    throw new Problem("invalid_request", { detail: fault, headers: { Connection: "close" } });
  }
  if (!ctx.url.startsWith("/")) {
    const target = URL.parse(ctx.url);
    if (target === null || !target.pathname.startsWith("/")) {
      nameRoute(ctx, unmatchedRoute);
      throw new Problem("not_found");
    }
    ctx.url = target.pathname + target.search;
  }
  const { querystring } = ctx;
  if (querystring !== "" && querystring.split("&", maxParameters + 1).length > maxParameters) {
    nameRoute(ctx, unmatchedRoute);
    throw new Problem("invalid_request", { detail: `At most ${maxParameters} query parameters are allowed` });
  }
  return next();
};

/**
 * What is wrong with a message that Node accepts although RFC 9112 (3.2 and 6.1) says to refuse it; undefined if nothing is.
 * Node itself refuses a missing Host, two lengths, a length with chunks, and folded header lines.
 */
function ambiguity({ httpVersion, headers }: IncomingMessage): string | undefined {
  // Node joins duplicate values with a comma; see httpServer().
  if (headers.host?.includes(",")) return "There must be exactly one Host header";
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return "Only HTTP/1.0 and HTTP/1.1 are supported";
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (httpVersion === "1.0") return "HTTP/1.0 does not support Transfer-Encoding";
  return coding.toLowerCase() === "chunked" ? undefined : "The only supported Transfer-Encoding is chunked";
}

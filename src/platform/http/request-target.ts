// Brings the target of a request into the form that everything after it expects: a path. A proxy's absolute address is
// allowed by HTTP, but Koa's own parser throws on some of them, which would be a 500 for anyone to cause. Its parser of
// queries takes the square of their parameters: 0.2 s of the event loop for as many as the headers have room for. Messages that
// a proxy in front may read in another way than Node does are refused here too, for all targets.
import type { IncomingMessage } from "node:http";
import { Problem } from "../request/problem.ts";
import { nameRoute, unmatchedRoute } from "./router.ts";
import type { Middleware } from "./types.ts";

const mostParameters = 100;

/**
 * Turns `http://host/path?query` into `/path?query`. Problems: not_found (404) for a target that is neither,
 * invalid_request (400) for more than 100 parameters, and for messages that can be read in two ways.
 */
export const requestTarget: Middleware = function requestTarget(ctx, next) {
  const fault = ambiguity(ctx.req);
  if (fault !== undefined) {
    nameRoute(ctx, unmatchedRoute);
    // Where its body ends is not known either: what follows must not be taken for a request.
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
  if (querystring !== "" && querystring.split("&", mostParameters + 1).length > mostParameters) {
    nameRoute(ctx, unmatchedRoute);
    throw new Problem("invalid_request", { detail: `A query takes at most ${mostParameters} parameters` });
  }
  return next();
};

/**
 * What Node lets through although the standard (RFC 9112, 3.2 and 6.1) wants it refused; undefined for a message that is right.
 * What Node refuses itself: no Host, two lengths, a length with chunks, header lines that are continued on the next.
 */
function ambiguity({ httpVersion, headers }: IncomingMessage): string | undefined {
  // Where it comes twice, Node joins its values; see httpServer().
  if (headers.host?.includes(",")) return "There must be one Host header";
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return "HTTP must be of version 1.0 or 1.1 here";
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (httpVersion === "1.0") return "HTTP/1.0 has no Transfer-Encoding";
  return coding.toLowerCase() === "chunked" ? undefined : "The only Transfer-Encoding here is chunked";
}

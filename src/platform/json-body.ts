// Reads a JSON body within a size limit, for the routes whose method carries one. Anything else is refused by name.
import { bodyParser } from "@koa/bodyparser";
import type { Middleware } from "./http.ts";
import { Problem } from "./problem.ts";

const types = ["application/json", "application/*+json"];

/**
 * Parses the body into `ctx.request.body`.
 * Problems: too_large (413) over `limitBytes`, unsupported_media_type (415) for other types and for compressed bodies,
 * invalid_request (400) for text that is not a JSON object or array, client_closed when the client stops in the middle.
 */
export function jsonBody(limitBytes: number): Middleware {
  const parse = bodyParser({
    enableTypes: ["json"],
    extendTypes: { json: types },
    jsonLimit: limitBytes,
    onError(error) {
      throw asProblem(error);
    },
  });
  return function jsonBody(ctx, next) {
    const { headers } = ctx.req;
    const announced = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
    // Without one there is nothing to wait for, and the parser takes the ended stream of such a request for a client that has gone.
    if (!announced) {
      ctx.request.body = {};
      return next();
    }
    const hasBody = ctx.is() !== null && ctx.request.length !== 0;
    // The parser's decompressor does not hear of the end of a request that stops in the middle, and would keep its place.
    const compressed = !["", "identity"].includes(ctx.get("content-encoding"));
    if (hasBody && (ctx.is(types) === false || compressed)) {
      throw new Problem("unsupported_media_type", {
        detail: "The body must be application/json, not compressed",
        headers: { "Accept-Encoding": "identity" },
      });
    }
    return parse(ctx, next);
  };
}

function asProblem(error: Error): Problem {
  const status = "status" in error ? error.status : undefined;
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNABORTED" || code === "ECONNRESET") return new Problem("client_closed", { cause: error });
  if (status === 413) return new Problem("too_large", { cause: error });
  if (status === 415) return new Problem("unsupported_media_type", { cause: error });
  return new Problem("invalid_request", {
    detail: "The body is no JSON that is accepted here",
    errors: [{ field: "body", message: "Takes a JSON object without keys such as __proto__" }],
    cause: error,
  });
}

// Reads a JSON body within a size limit, for the routes whose method carries one, before the request has a slot. Anything else
// is refused by name.
import { bodyParser } from "@koa/bodyparser";
import type { Next } from "koa";
import { Problem } from "../request/problem.ts";
import type { Context, Middleware } from "./types.ts";

/** Bounds the bodies that are being received; see overload/waiting-bodies.ts. */
interface BodyBudget {
  /** Reserves room for a body of up to `bytes` until the returned function is called. Throws a Problem to refuse the body unread. */
  enter(ctx: Context, bytes: number): () => void;
}

const parsedMethods = ["POST", "PUT", "PATCH"];
const types = ["application/json", "application/*+json"];

/**
 * Parses the body into `ctx.request.body`; `waiting` bounds how many may be on their way.
 * Problems: too_large (413) over `limitBytes`, unsupported_media_type (415) for other types and for compressed bodies,
 * invalid_request (400) for text that is not a JSON object or array, client_closed when the client stops in the middle,
 * and those of {@link BodyBudget.enter}, for which the body is left unread.
 */
export function jsonBody(limitBytes: number, waiting?: BodyBudget): Middleware {
  const parse = bodyParser({
    parsedMethods,
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
    return hasBody && parsedMethods.includes(ctx.method) ? receive(ctx, next) : parse(ctx, next);
  };

  async function receive(ctx: Context, next: Next): Promise<void> {
    // Of a body that does not say its length, as much as it may have.
    const leave = waiting?.enter(ctx, Math.min(ctx.request.length ?? limitBytes, limitBytes));
    try {
      ctx.state.phases.enter("receive");
      try {
        await parse(ctx, received);
      } finally {
        ctx.state.phases.leave("receive");
      }
      await next();
    } finally {
      leave?.();
    }
  }
}

async function received(): Promise<void> {}

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

// Reads a JSON body within a size limit, before admission and only for methods that carry one. Refuses anything else with a
// specific problem.
import { bodyParser } from "@koa/bodyparser";
import type { Next } from "koa";
import { Problem } from "../request/problem.ts";
import type { Context, Middleware } from "./types.ts";

/** Bounds the bodies that are arriving; see overload/waiting-bodies.ts. */
interface BodyBudget {
  /** Reserves room for a body of up to `bytes` until the returned function is called. Throws a Problem to refuse the body. */
  reserve(ctx: Context, bytes: number): () => void;
}

const parsedMethods = ["POST", "PUT", "PATCH"];
const types = ["application/json", "application/*+json"];

/**
 * Parses the body into `ctx.request.body`; `budget` bounds how many may be arriving.
 * Problems: too_large (413) over `limitBytes`, unsupported_media_type (415) for other types and for compressed bodies,
 * invalid_request (400) for text that is not a JSON object or array, client_closed when the client disconnects halfway,
 * and those of {@link BodyBudget.reserve}, which leave the body unread.
 */
export function jsonBody(limitBytes: number, budget?: BodyBudget): Middleware {
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
    // Skips the parser when there is no body: it would mistake the ended stream for a disconnected client.
    if (!announced) {
      ctx.request.body = {};
      return next();
    }
    const hasBody = ctx.is() !== null && ctx.request.length !== 0;
    // Compressed bodies are refused: the parser's decompressor does not notice an aborted upload and would keep its room.
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
    // A body without a length may have up to the limit.
    const release = budget?.reserve(ctx, Math.min(ctx.request.length ?? limitBytes, limitBytes));
    try {
      ctx.state.phases.enter("receive");
      try {
        await parse(ctx, noNext);
      } finally {
        ctx.state.phases.leave("receive");
      }
      await next();
    } finally {
      release?.();
    }
  }
}

/** Makes the parser return once the body has been read, so that only reading counts as the phase `receive`. */
async function noNext(): Promise<void> {}

function asProblem(error: Error): Problem {
  const status = "status" in error ? error.status : undefined;
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNABORTED" || code === "ECONNRESET") return new Problem("client_closed", { cause: error });
  if (status === 413) return new Problem("too_large", { cause: error });
  if (status === 415) return new Problem("unsupported_media_type", { cause: error });
  return new Problem("invalid_request", {
    detail: "The body is not acceptable JSON",
    errors: [{ field: "body", message: "Must be a JSON object without keys such as __proto__" }],
    cause: error,
  });
}

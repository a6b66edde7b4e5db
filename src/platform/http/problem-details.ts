// Turns errors into problem details (RFC 9457). Any error but a Problem is a bug: logged, and a plain 500 for the client.
import { isSpanContextValid, type Span, trace } from "@opentelemetry/api";
import { exceptionOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";
import { kinds, Problem } from "../request/problem.ts";
import type { Context, Middleware } from "./types.ts";

/** Responds to every error with `application/problem+json` and the trace id. Logs bugs, and records them on the request's span. */
export function problemDetails(log: Logger): Middleware {
  return function problemDetails(ctx, next) {
    return next().catch((error: unknown) => respond(ctx, error));
  };

  function respond(ctx: Context, error: unknown): void {
    const problem = error instanceof Problem ? error : new Problem("internal", { cause: error });
    if (problem.type === "internal") {
      log.error({ err: error, route: ctx.state.route?.path }, "request failed");
      trace.getActiveSpan()?.recordException(exceptionOf(error));
    }
    if (problem.status >= 500) ctx.state.problem = problem.type;
    const { title, ...kind } = kinds[problem.type];
    ctx.status = problem.status;
    ctx.set(problem.options.headers ?? {});
    const retryAfterS = problem.options.retryAfterS ?? ("retryAfterS" in kind ? kind.retryAfterS : undefined);
    if (retryAfterS !== undefined) ctx.set("Retry-After", String(Math.max(1, Math.ceil(retryAfterS))));
    ctx.body = {
      type: problem.type,
      title,
      status: problem.status,
      ...(problem.status < 500 && problem.options.detail !== undefined && { detail: problem.options.detail }),
      ...(problem.options.errors && { errors: problem.options.errors }),
      traceId: traceIdOf(trace.getActiveSpan()),
    };
    ctx.type = "application/problem+json";
  }
}

/** Undefined outside a trace and when tracing is off. */
function traceIdOf(span: Span | undefined): string | undefined {
  const spanContext = span?.spanContext();
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}

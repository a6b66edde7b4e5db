// What every request has from its first step on: an id, a deadline and phases.
import { randomUUID } from "node:crypto";
import { context } from "@opentelemetry/api";
import { RequestDeadline } from "../request/deadline.ts";
import type { LoopStalls } from "../request/loop-stalls.ts";
import { PhaseClock } from "../request/phases.ts";
import { Problem } from "../request/problem.ts";
import { inRequest } from "../request/scope.ts";
import { followRequests } from "../telemetry/follow-requests.ts";
import { answered, whenHandedOver } from "./hooks.ts";
import type { Middleware } from "./types.ts";

/**
 * Gives each request an id (a well-formed `X-Request-Id` is kept, and answered) and a deadline of `deadlineMs`, which the
 * header `X-Request-Timeout-Ms` can lower, never raise. A client that goes away ends its request. Without `deadlineMs`
 * only that does.
 */
export function requestContext(deadlineMs: number | undefined, stalls: LoopStalls): Middleware {
  followRequests();
  return async function requestContext(ctx, next) {
    const givenId = ctx.req.headers["x-request-id"];
    const isFit = typeof givenId === "string" && /^[\w.-]{1,128}$/.test(givenId);
    ctx.state.requestId = isFit ? givenId : randomUUID();
    ctx.res.setHeader("x-request-id", ctx.state.requestId);

    const asked = ctx.req.headers["x-request-timeout-ms"];
    const deadline = new RequestDeadline(deadlineMs === undefined ? undefined : lowered(deadlineMs, asked));
    ctx.state.deadline = deadline;
    const phases = new PhaseClock(stalls);
    ctx.state.phases = phases;
    whenHandedOver(ctx, () => {
      if (ctx.res.writableEnded) return;
      // Telemetry takes the status from the response: without, it would read Koa's initial 404.
      if (!ctx.res.headersSent) ctx.status = 499;
      deadline.abort(new Problem("client_closed"));
    });
    try {
      const { scope } = ctx.state;
      if (scope === undefined) {
        await inRequest({ deadline, phases }, context.active(), next);
      } else {
        scope.deadline = deadline;
        scope.phases = phases;
        await next();
      }
    } finally {
      deadline.done();
      answered(ctx);
    }
  };
}

/** A malformed header is no reason to refuse a request that would be fine without it: it is ignored. */
function lowered(deadlineMs: number, text: string | string[] | undefined): number {
  return typeof text === "string" && /^\d{1,9}$/.test(text)
    ? Math.min(deadlineMs, Math.max(1, Number(text)))
    : deadlineMs;
}

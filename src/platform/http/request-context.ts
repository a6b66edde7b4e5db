// Gives every request an id, a deadline and a phase clock before anything else runs.
import { randomUUID } from "node:crypto";
import { context } from "@opentelemetry/api";
import { RequestDeadline } from "../request/deadline.ts";
import type { LoopStalls } from "../request/loop-stalls.ts";
import { PhaseClock } from "../request/phases.ts";
import { Problem } from "../request/problem.ts";
import { inRequest } from "../request/scope.ts";
import { followRequests } from "../telemetry/follow-requests.ts";
import { runAnsweredHooks, whenHandedOver } from "./hooks.ts";
import type { Middleware } from "./types.ts";

/**
 * Sets the request's id, a well-formed `X-Request-Id` or else a new one, and echoes it in the response. Sets a deadline of
 * `deadlineMs`, which the header `X-Request-Timeout-Ms` can lower but never raise. A disconnect ends the request too; without
 * `deadlineMs`, nothing else does.
 */
export function requestContext(deadlineMs: number | undefined, stalls: LoopStalls): Middleware {
  followRequests();
  return async function requestContext(ctx, next) {
    const receivedId = ctx.req.headers["x-request-id"];
    const isValid = typeof receivedId === "string" && /^[\w.-]{1,128}$/.test(receivedId);
    ctx.state.requestId = isValid ? receivedId : randomUUID();
    ctx.res.setHeader("x-request-id", ctx.state.requestId);

    const requested = ctx.req.headers["x-request-timeout-ms"];
    const deadline = new RequestDeadline(deadlineMs === undefined ? undefined : lowered(deadlineMs, requested));
    ctx.state.deadline = deadline;
    const phases = new PhaseClock(stalls);
    ctx.state.phases = phases;
    whenHandedOver(ctx, () => {
      if (ctx.res.writableEnded) return;
      // Telemetry reads the status from the response, which would still be Koa's initial 404.
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
      runAnsweredHooks(ctx);
    }
  };
}

/** Ignores a malformed header: the request is fine without it. */
function lowered(deadlineMs: number, text: string | string[] | undefined): number {
  return typeof text === "string" && /^\d{1,9}$/.test(text)
    ? Math.min(deadlineMs, Math.max(1, Number(text)))
    : deadlineMs;
}

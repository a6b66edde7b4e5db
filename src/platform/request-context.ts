// What belongs to a request wherever its work takes it: its id, its deadline and its phases. Deep code, such as the database,
// asks for them here instead of being handed them through every function.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { type Deadline, RequestDeadline } from "./deadline.ts";
import type { Middleware } from "./http.ts";
import type { LoopStalls } from "./loop-stalls.ts";
import { PhaseClock, type Wait } from "./phases.ts";
import { Problem } from "./problem.ts";
import { whenClosed } from "./when-closed.ts";

interface RequestScope {
  deadline: Deadline | undefined;
  phases: PhaseClock;
}

const scopes = new AsyncLocalStorage<RequestScope | undefined>();

/** The deadline of the request that this code works for; undefined outside of a request. */
export function currentDeadline(): Deadline | undefined {
  return scopes.getStore()?.deadline;
}

/** Where the time of this request goes; undefined outside of a request. */
export function currentPhases(): PhaseClock | undefined {
  return scopes.getStore()?.phases;
}

/** Counts the time until `work` settles as the request's wait of this kind; just runs it outside of a request. */
export async function inPhase<Result>(wait: Wait, work: () => Promise<Result>): Promise<Result> {
  const phases = currentPhases();
  if (phases === undefined) return work();
  phases.enter(wait);
  try {
    return await work();
  } finally {
    phases.leave(wait);
  }
}

/** Runs work that outlives the request that waits for it, such as the refresh of a shared cache. */
export function withoutDeadline<Result>(work: () => Result): Result {
  const scope = scopes.getStore();
  return scopes.run(scope && { deadline: undefined, phases: scope.phases }, work);
}

/** Runs work that is no part of the request that happened to cause it. */
export function outsideOfRequest<Result>(work: () => Result): Result {
  return scopes.run(undefined, work);
}

/**
 * Gives each request an id (a well-formed `X-Request-Id` is kept, and answered) and a deadline of `deadlineMs`, which the
 * header `X-Request-Timeout-Ms` can lower, never raise. A client that goes away ends its request. Without `deadlineMs`
 * only that does.
 */
export function requestContext(deadlineMs: number | undefined, stalls: LoopStalls): Middleware {
  return async function requestContext(ctx, next) {
    const givenId = ctx.req.headers["x-request-id"];
    const isFit = typeof givenId === "string" && /^[\w.-]{1,128}$/.test(givenId);
    ctx.state.requestId = isFit ? givenId : randomUUID();
    ctx.res.setHeader("X-Request-Id", ctx.state.requestId);

    const asked = ctx.req.headers["x-request-timeout-ms"];
    const deadline = new RequestDeadline(deadlineMs === undefined ? undefined : lowered(deadlineMs, asked));
    ctx.state.deadline = deadline;
    const phases = new PhaseClock(stalls);
    ctx.state.phases = phases;
    whenClosed(ctx, () => {
      if (ctx.res.writableFinished) return;
      // Telemetry takes the status from the response: without, it would read Koa's initial 404.
      if (!ctx.res.headersSent) ctx.status = 499;
      deadline.abort(new Problem("client_closed"));
    });
    try {
      await scopes.run({ deadline, phases }, next);
    } finally {
      deadline.done();
    }
  };
}

/** A malformed header is no reason to refuse a request that would be fine without it: it is ignored. */
function lowered(deadlineMs: number, text: string | string[] | undefined): number {
  return typeof text === "string" && /^\d{1,9}$/.test(text)
    ? Math.min(deadlineMs, Math.max(1, Number(text)))
    : deadlineMs;
}

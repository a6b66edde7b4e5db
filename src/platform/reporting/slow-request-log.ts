// Names each request that took too long, once, with its route, its phases and its trace id: the place to start looking.

import { whenAnswered } from "../http/hooks.ts";
import { unmatchedRoute } from "../http/router.ts";
import type { Middleware } from "../http/types.ts";
import type { Logger } from "../log.ts";
import { inWholeMs } from "./phase-report.ts";

/** Warns about requests over `thresholdMs`. Never logs a path or a query string: they can carry secrets. */
export function slowRequest(thresholdMs: number, log: Logger): Middleware {
  return function slowRequest(ctx, next) {
    const startedAt = performance.now();
    whenAnswered(ctx, () => {
      const durationMs = Math.round(performance.now() - startedAt);
      if (durationMs <= thresholdMs) return;
      const route = ctx.state.routeName ?? unmatchedRoute;
      const phases = inWholeMs(ctx.state.phases.times());
      log.warn({ route, method: ctx.method, status: ctx.status, durationMs, phases }, "slow request");
    });
    return next();
  };
}

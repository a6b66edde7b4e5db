// Logs each slow request once, with its route, phases and trace id, as the starting point of an investigation.
import { whenAnswered } from "../http/hooks.ts";
import { unmatchedRoute } from "../http/router.ts";
import type { Middleware } from "../http/types.ts";
import type { Logger } from "../log.ts";
import { roundedMs } from "./phase-report.ts";

/** Logs a warning for requests over `thresholdMs`. Never logs a path or a query string: they can hold secrets. */
export function slowRequest(thresholdMs: number, log: Logger): Middleware {
  return function slowRequest(ctx, next) {
    const startedAt = performance.now();
    whenAnswered(ctx, () => {
      const durationMs = Math.round(performance.now() - startedAt);
      if (durationMs <= thresholdMs) return;
      const route = ctx.state.routeName ?? unmatchedRoute;
      const phases = roundedMs(ctx.state.phases.times());
      log.warn({ route, method: ctx.method, status: ctx.status, durationMs, phases }, "slow request");
    });
    return next();
  };
}

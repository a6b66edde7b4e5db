// Races a request's deadline against its handler. Runs inside problemDetails, which sends the response.

import { runEndedHooks } from "./hooks.ts";
import type { Context, Middleware } from "./types.ts";

/**
 * Responds as soon as the deadline ends a request, even if the handler ignores the signal. The handler keeps its slot until it
 * has really ended; its late result is dropped. Throws the signal's Problem.
 */
export const enforceDeadline: Middleware = function enforceDeadline(ctx, next) {
  const { stop } = ctx.state.deadline;
  stop.throwIfAborted();
  return new Promise<void>((resolve, reject) => {
    let pending: NodeJS.Immediate | undefined;
    const fail = (error: unknown) => {
      if (stop.aborted && !ctx.req.complete) stopReading(ctx);
      reject(stop.aborted ? stop.reason : error);
    };
    // One event-loop iteration later, a handler that heeds the signal has ended and any other is still waiting, so nothing
    // writes to the response while the problem is being sent.
    const end = () => {
      pending = setImmediate(fail);
    };
    const settle = (settled: () => void) => {
      stop.removeEventListener("abort", end);
      clearImmediate(pending);
      try {
        runEndedHooks(ctx);
      } catch (error) {
        reject(error);
      }
      settled();
    };
    stop.addEventListener("abort", end);
    next().then(
      () => settle(resolve),
      (error: unknown) => settle(() => fail(error)),
    );
  });
};

/**
 * Aborts an unfinished upload once the response is out. Node does not: it forgets the request when the response ends, and a
 * handler that waits for the body would keep its slot for as long as the client likes.
 */
function stopReading({ req, res }: Context): void {
  if (!res.headersSent) res.setHeader("Connection", "close");
  res.once("finish", () => req.destroy());
}

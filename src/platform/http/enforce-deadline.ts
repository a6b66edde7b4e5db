// The race between a request's deadline and its handler. It stands inside the problem details, which give the answer.

import { ended } from "./hooks.ts";
import type { Context, Middleware } from "./types.ts";

/**
 * Answers when the deadline ends a request, also when the handler does not look at the signal. The handler keeps its place
 * in the queue until it has really ended; what it says then is dropped. Throws the signal's Problem.
 */
export const enforceDeadline: Middleware = function enforceDeadline(ctx, next) {
  const { stop } = ctx.state.deadline;
  stop.throwIfAborted();
  return new Promise<void>((resolve, reject) => {
    let turn: NodeJS.Immediate | undefined;
    const fail = (error: unknown) => {
      if (stop.aborted && !ctx.req.complete) stopReading(ctx);
      reject(stop.aborted ? stop.reason : error);
    };
    // One turn of the event loop later: whoever heeds the signal has ended by then, and whoever does not is asleep, so that
    // nobody writes to the response between the problem and its sending.
    const end = () => {
      turn = setImmediate(fail);
    };
    const settle = (settled: () => void) => {
      stop.removeEventListener("abort", end);
      clearImmediate(turn);
      try {
        ended(ctx);
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
 * Ends the wait for a body that is still to come, once the answer is out. Node does not: it forgets the request when its
 * answer ends, and whoever waits for its body would keep a place for as long as the client likes.
 */
function stopReading({ req, res }: Context): void {
  if (!res.headersSent) res.setHeader("Connection", "close");
  res.once("finish", () => req.destroy());
}

// Per-request hooks, run last-in, first-out: when the handler has ended, when the answer is ready, and when that has been handed
// to the socket or the client has gone. So the span, which is begun first, is ended last. A `finally` around `next()` would do
// for the first two, at the cost of a promise in each middleware that has one.
import type { Context } from "./types.ts";

/**
 * Calls `work` when the rest of the chain has really settled, which can be long after the answer: the deadline does not wait
 * for a handler that takes no notice of it. Needs {@link enforceDeadline} before it.
 */
export function whenEnded({ state }: Context, work: () => void): void {
  state.ending ??= [];
  state.ending.push(work);
}

/** Does what {@link whenEnded} was told. */
export function ended({ state }: Context): void {
  doAll(state.ending);
}

/** Calls `work` when the answer, if there is one, is ready to be sent. Needs {@link requestContext} before it. */
export function whenAnswered({ state }: Context, work: () => void): void {
  state.answering ??= [];
  state.answering.push(work);
}

/** Does what {@link whenAnswered} was told. */
export function answered({ state }: Context): void {
  doAll(state.answering);
}

/**
 * Calls `work` when all of the answer has been handed to the socket, or when the client has gone before. How long the client
 * then takes to read does not count as the request's time. One listener serves all: each costs more than most of them do.
 */
export function whenHandedOver(ctx: Context, work: () => void): void {
  const { state, res } = ctx;
  if (state.closing !== undefined) {
    state.closing.push(work);
    return;
  }
  const closing = [work];
  state.closing = closing;
  const over = () => doAll(closing);
  res.on("prefinish", over);
  res.on("close", over);
}

/** Last first, and the others also when one of them throws. */
function doAll(work: (() => void)[] | undefined): void {
  const last = work?.pop();
  if (last === undefined) return;
  try {
    last();
  } finally {
    doAll(work);
  }
}

// What is to happen when the answer has been sent, or its client has gone: in the reverse order of who asked for it, so that
// the span, which is begun first, is ended last.
import type { Context } from "./http.ts";

/**
 * Calls `work` when the rest of the chain has settled and the answer, if there is one, is ready to be sent: as a `finally`
 * around `next()` would, without a promise of its own. See {@link answered}.
 */
export function whenAnswered({ state }: Context, work: () => void): void {
  state.answering ??= [];
  state.answering.push(work);
}

/** Does what {@link whenAnswered} was told, last first. */
export function answered({ state }: Context): void {
  for (const each of state.answering?.toReversed() ?? []) each();
}

/** Calls `work` when the response closes. One listener serves all: each costs more than most of them do. */
export function whenClosed(ctx: Context, work: () => void): void {
  const { state, res } = ctx;
  if (state.closing !== undefined) {
    state.closing.push(work);
    return;
  }
  const closing = [work];
  state.closing = closing;
  res.on("close", () => {
    for (const each of closing.toReversed()) each();
  });
}

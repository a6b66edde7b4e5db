// What is to happen when the answer has been sent, or its client has gone: in the reverse order of who asked for it, so that
// the span, which is begun first, is ended last.
import type { Context } from "./http.ts";

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

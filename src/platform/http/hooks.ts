// Per-request hooks, run last-in, first-out: when the handler has ended, when the response is ready, and when it has been
// handed to the socket or the client has disconnected. The span starts first and therefore ends last. A `finally` around
// `next()` would serve for the first two, at the cost of a promise in each such middleware.
import type { Context } from "./types.ts";

/**
 * Calls `hook` when the rest of the chain has settled. That can be long after the response: the deadline does not wait for a
 * handler that ignores it. Needs {@link enforceDeadline} before it.
 */
export function whenEnded({ state }: Context, hook: () => void): void {
  state.endedHooks ??= [];
  state.endedHooks.push(hook);
}

/** Runs the hooks of {@link whenEnded}. */
export function runEndedHooks({ state }: Context): void {
  runAll(state.endedHooks);
}

/** Calls `hook` when the response, if there is one, is ready to be sent. Needs {@link requestContext} before it. */
export function whenAnswered({ state }: Context, hook: () => void): void {
  state.answeredHooks ??= [];
  state.answeredHooks.push(hook);
}

/** Runs the hooks of {@link whenAnswered}. */
export function runAnsweredHooks({ state }: Context): void {
  runAll(state.answeredHooks);
}

/**
 * Calls `hook` when the whole response has been handed to the socket, or when the client has disconnected before that. The time
 * that the client takes to read is not part of the request. All hooks share one listener, which costs more than most hooks do.
 */
export function whenHandedOver(ctx: Context, hook: () => void): void {
  const { state, res } = ctx;
  if (state.handedOverHooks !== undefined) {
    state.handedOverHooks.push(hook);
    return;
  }
  const hooks = [hook];
  state.handedOverHooks = hooks;
  const run = () => runAll(hooks);
  res.on("prefinish", run);
  res.on("close", run);
}

/** Runs the last hook first, and all of them even if one throws. */
function runAll(hooks: (() => void)[] | undefined): void {
  const last = hooks?.pop();
  if (last === undefined) return;
  try {
    last();
  } finally {
    runAll(hooks);
  }
}

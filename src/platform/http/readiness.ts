// The service listens before it can serve, so that its probes answer from the first moment. Until then it says so.

import { Problem } from "../request/problem.ts";
import type { Middleware } from "./types.ts";

/** Refuses requests until `prepared` gives true. Throws {@link Problem} database_unavailable. */
export function untilPrepared(prepared: () => boolean): Middleware {
  return function untilPrepared(_ctx, next) {
    if (!prepared()) throw new Problem("database_unavailable");
    return next();
  };
}

// The service listens before it is prepared, so that health probes work from the start. Other requests are refused until then.

import { Problem } from "../request/problem.ts";
import type { Middleware } from "./types.ts";

/** Refuses requests until `prepared` returns true. Throws a {@link Problem}: database_unavailable (503). */
export function untilPrepared(prepared: () => boolean): Middleware {
  return function untilPrepared(_ctx, next) {
    if (!prepared()) throw new Problem("database_unavailable");
    return next();
  };
}

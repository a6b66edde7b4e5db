// A route for tests, open to all, that answers when its work is done.
import type { Route } from "../../src/platform/http/types.ts";

/** GET `path` runs `work` with the path's parameters and answers what that gives as JSON, null when that is nothing. */
export function publicRoute(path: string, work: (parameters: Record<string, string>) => Promise<unknown>): Route {
  return {
    method: "GET",
    path,
    public: true,
    async handle(ctx) {
      ctx.body = JSON.stringify((await work(ctx.state.params)) ?? null);
      ctx.type = "application/json";
    },
  };
}

// Public routes for tests.
import type { Route } from "../../src/platform/http/types.ts";

/** A GET route that runs `work` with the path's parameters and returns the result as JSON, or null if it is undefined. */
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

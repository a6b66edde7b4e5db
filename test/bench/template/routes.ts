// The benchmark's endpoints as routes of the service. Public, because the peers require no credentials either.
import type { Database } from "../../../src/platform/database/database.ts";
import type { Route } from "../../../src/platform/http/types.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import queries from "../peers/queries.cjs";

export function routes(database: Database): Route[] {
  return [
    publicly("/items/:id", async (ctx) => {
      const [item] = await database.query("items.one", queries.one, [Number(ctx.state.params.id)]);
      if (item === undefined) throw new Problem("not_found");
      ctx.body = item;
    }),
    publicly("/items", async (ctx) => {
      ctx.body = await database.query("items.list", queries.list);
    }),
    publicly("/work", async (ctx) => {
      ctx.body = await database.query("work", queries.work);
    }),
  ];
}

function publicly(path: string, handle: Route["handle"]): Route {
  return { method: "GET", path, public: true, handle };
}

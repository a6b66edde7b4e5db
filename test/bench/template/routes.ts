// The endpoints of the benchmark as routes of the service: public, as the peers ask for no credentials either.
import type { Database } from "../../../src/platform/database/database.ts";
import type { Route } from "../../../src/platform/http.ts";
import { Problem } from "../../../src/platform/problem.ts";
import { publicRoute } from "../../public-route.ts";
import queries from "../peers/queries.cjs";

export function routes(database: Database): Route[] {
  return [
    publicRoute("/items/:id", async ({ id }) => {
      const [item] = await database.query("items.one", queries.one, [Number(id)]);
      if (item === undefined) throw new Problem("not_found");
      return item;
    }),
    publicRoute("/items", () => database.query("items.list", queries.list)),
    publicRoute("/work", () => database.query("work", queries.work)),
  ];
}

// 100 ms of database work, in each class. So the admission limit sets the capacity (10 places make about 100 requests a
// second), and not the speed of this machine.
import type { Database } from "../../src/platform/database/database.ts";
import { priorities, type Route } from "../../src/platform/http/types.ts";

export function routes(database: Database): Route[] {
  return priorities.map((priority) => ({
    method: "GET",
    path: `/work/${priority}`,
    public: true,
    priority,
    async handle(ctx) {
      await database.query("work", "SELECT SLEEP(0.1)");
      ctx.body = "done";
    },
  }));
}

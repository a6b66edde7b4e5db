// Routes with 100 ms of database work, one per priority class. So the admission limit determines the capacity (10 slots make about
// 100 requests a second), not the speed of this machine.
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

// Routes to put load on while a fault is active, so that this needs no domain: queries, and a call to another service. They are
// not below /faults, which dashboards and rules leave out.
import { z } from "zod";
import type { Database } from "../platform/database/database.ts";
import { idParameters } from "../platform/http/input.ts";
import type { Route } from "../platform/http/types.ts";
import { validate } from "../platform/http/validate.ts";
import type { HttpClient } from "../platform/http-client/client.ts";
import { Problem } from "../platform/request/problem.ts";
import { answers } from "./receiver.ts";
import { rowQueries } from "./rows.ts";

const listQuery = z.strictObject({
  search: z.string().max(100).default(""),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
const callQuery = z.strictObject({ answer: z.enum(answers).default("fast") });

interface LoadRoutesOptions {
  database: Database;
  client: Pick<HttpClient, "request">;
  /** The URL of the receiver. */
  receiver: Promise<string>;
}

/** A public list that reads the whole table, one row, and a call that is answered as the parameter `answer` says. */
export function loadRoutes({ database, client, receiver }: LoadRoutesOptions): Route[] {
  const rows = rowQueries(database);
  return [
    {
      method: "GET",
      path: "/api/faults/rows",
      public: true,
      priority: "low",
      async handle(ctx) {
        ctx.body = { items: await rows.list(validate(listQuery, { ...ctx.query })) };
      },
    },
    {
      method: "GET",
      path: "/api/faults/rows/:id",
      async handle(ctx) {
        const row = await rows.get(validate(idParameters, ctx.state.params).id);
        if (row === undefined) throw new Problem("not_found");
        ctx.body = row;
      },
    },
    {
      method: "POST",
      path: "/api/faults/calls",
      priority: "high",
      outbound: true,
      async handle(ctx) {
        const { answer } = validate(callQuery, { ...ctx.query });
        const { status } = await client.request((await receiver) + answer, { method: "POST" });
        if (status >= 500) throw new Problem("dependency_failed");
        ctx.body = { status };
      },
    },
  ];
}

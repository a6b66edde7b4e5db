// The HTTP API of the faults. The service adds it only with FAULTS=on.
import { z } from "zod";
import type { Route } from "../platform/http/types.ts";
import { validate } from "../platform/http/validate.ts";
import { type FaultName, type Faults, faultKinds } from "./faults.ts";

const names = Object.keys(faultKinds).filter((name): name is FaultName => name in faultKinds);
const maxSeconds = 600;
const seconds = z.number().positive().max(maxSeconds).default(30);
const amounts = {
  pool: z.number().int().min(1).max(1000),
  lock: z.number().int().min(1).max(60_000),
  memory: z.number().int().min(1).max(95),
  auth: z.number().int().min(1).max(60_000),
  loop: z.number().int().min(1).max(1000),
} satisfies Record<FaultName, z.ZodNumber>;

/** GET lists the active faults, PUT starts one, DELETE ends all. */
export function faultRoutes(faults: Faults): Route[] {
  return [
    {
      method: "GET",
      path: "/faults",
      priority: "high",
      handle(ctx) {
        ctx.body = { active: faults.active(), kinds: faultKinds };
      },
    },
    {
      method: "PUT",
      path: "/faults/:name",
      priority: "high",
      handle(ctx) {
        const { name } = validate(z.object({ name: z.enum(names) }), ctx.state.params);
        faults.start(name, validate(z.strictObject({ seconds, amount: amounts[name] }), ctx.request.body));
        ctx.body = { active: faults.active() };
      },
    },
    {
      method: "DELETE",
      path: "/faults",
      priority: "high",
      handle(ctx) {
        faults.stop();
        ctx.status = 204;
      },
    },
  ];
}

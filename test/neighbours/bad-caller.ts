// Runs one bad caller in a separate process, so that it does not slow down the process that measures.
import { z } from "zod";
import { behaviours } from "./behaviours.ts";
import { caller } from "./callers.ts";

const orderSchema = z.object({ name: z.string(), url: z.string(), receiver: z.string() });
export type Order = z.infer<typeof orderSchema>;

process.once("message", async (message) => {
  const { name, ...target } = orderSchema.parse(message);
  await behaviours[name]?.begin({ ...target, caller: await caller(250) });
  process.send?.("begun");
});
process.once("disconnect", () => process.exit());

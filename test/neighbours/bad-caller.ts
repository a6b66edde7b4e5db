// One bad caller in a process of its own, so that it takes nothing but its share of the machine from those who measure.
import { z } from "zod";
import { behaviours } from "./behaviours.ts";
import { caller } from "./callers.ts";

const orderSchema = z.object({ name: z.string(), url: z.string(), webhooks: z.string() });
export type Order = z.infer<typeof orderSchema>;

process.once("message", async (message) => {
  const { name, ...target } = orderSchema.parse(message);
  await behaviours[name]?.begin({ ...target, caller: await caller(250) });
  process.send?.("begun");
});
process.once("disconnect", () => process.exit());

// The worker that sends the load: in a thread of its own, so that nothing else that this program does makes it late.
import { parentPort } from "node:worker_threads";
import { z } from "zod";
import { planSchema } from "./load-figures.ts";
import { sendLoad } from "./sender.ts";

const orderSchema = z.union([z.object({ plan: planSchema }), z.literal("stop")]);
const progressEveryMs = 200;

let stop = new AbortController();

parentPort?.on("message", async (message) => {
  const order = orderSchema.parse(message);
  if (order === "stop") return stop.abort();
  stop = new AbortController();
  let telling: NodeJS.Timeout | undefined;
  const figures = await sendLoad(order.plan, stop.signal, (progress) => {
    telling = setInterval(() => parentPort?.postMessage({ progress: progress() }), progressEveryMs);
  });
  clearInterval(telling);
  parentPort?.postMessage({ figures });
});

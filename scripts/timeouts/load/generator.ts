// The worker that sends the load. It has its own thread, so nothing else in this program can delay it.
import { parentPort } from "node:worker_threads";
import { z } from "zod";
import { planSchema } from "./load-figures.ts";
import { sendLoad } from "./sender.ts";

const commandSchema = z.union([z.object({ plan: planSchema }), z.literal("stop")]);
const progressEveryMs = 200;

let stop = new AbortController();

parentPort?.on("message", async (message) => {
  const command = commandSchema.parse(message);
  if (command === "stop") return stop.abort();
  stop = new AbortController();
  let progressTimer: NodeJS.Timeout | undefined;
  const figures = await sendLoad(command.plan, stop.signal, (progress) => {
    progressTimer = setInterval(() => parentPort?.postMessage({ progress: progress() }), progressEveryMs);
  });
  clearInterval(progressTimer);
  parentPort?.postMessage({ figures });
});

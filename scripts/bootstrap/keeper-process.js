// The keeper's process; see keeper.js. Each line of stdin is a message; when stdin ends, the parent has ended.
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "./command.js";
import { isAlive } from "./pid.js";

/** Longer than the service's drain, so that requests in flight can finish. */
const STOP_LIMIT_MS = 12_000;

// it outlives the terminal's signals, and ends with its parent
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => {});

/** @type {Set<number>} */
const pids = new Set();
/** @type {Set<string>} */
const folders = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.watch) pids.add(message.watch);
  if (message.forget) pids.delete(message.forget);
  if (message.remove) folders.add(message.remove);
}
for (const pid of [...pids].reverse()) await end(pid);
for (const folder of folders) await rm(folder, { recursive: true, force: true });

/** @param {number} pid */
async function end(pid) {
  if (isAlive(pid)) process.kill(pid, "SIGTERM");
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (isAlive(pid) && Date.now() < deadline) await sleep(50);
  signalGroup(pid, "SIGKILL");
}

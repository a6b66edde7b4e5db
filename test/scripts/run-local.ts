// Runs `npm run local` as a user does, on free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { freePort, root } from "../support/helper.ts";

/** A failed test may not get to stop what it started. */
const running = new Set<ChildProcess>();

export function local(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, ["scripts/local.js", ...args], {
    cwd: root,
    // A busy machine must not cause refusals here.
    env: { ...process.env, TRAFFIC: "off", LOOP_DELAY_SHED_MS: "60000", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = once(child, "close").then(() => child.exitCode);
  return { child, exited, output: () => output };
}

export async function ports() {
  const ports: Record<string, string> = { PORT: String(await freePort()), VIEWER_PORT: String(await freePort()) };
  // example: begin
  ports.WEBHOOK_PORT = String(await freePort());
  // example: end
  return ports;
}

/** Stops what a failed test left running. */
export async function stopLocal(): Promise<void> {
  for (const child of running) {
    child.kill("SIGTERM");
    await once(child, "close");
  }
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../support/helper.ts";

/** Prints what happens, and takes too long to stop. */
const program = `
  import { aborted, stopSignal } from "${root}/scripts/bootstrap/stop-signal.js";
  const signal = stopSignal(() => console.log("killed all"));
  setInterval(() => {}, 1000); // a signal handler alone does not keep a process alive
  console.log("up");
  await aborted(signal);
  console.log("stopping");
  await new Promise((resolve) => setTimeout(resolve, 60_000));`;

async function start() {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const waitForOutput = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout, "data");
  };
  await waitForOutput("up");
  return { child, waitForOutput, output: () => output };
}

describe("Ctrl-C", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`stops in order on ${signal}`, async () => {
      const { child, waitForOutput } = await start();
      child.kill(signal);
      await waitForOutput("stopping");
      child.kill("SIGKILL");
    });
  }

  it("counts once when npm forwards the same key press", async () => {
    const { child, waitForOutput, output } = await start();
    child.kill("SIGINT");
    await waitForOutput("stopping");
    child.kill("SIGINT");
    await sleep(100);
    assert.equal(child.exitCode, null);
    assert(!output().includes("killed all"));
    child.kill("SIGKILL");
  });

  it("kills everything when it is pressed again", async () => {
    const { child, waitForOutput, output } = await start();
    child.kill("SIGINT");
    await waitForOutput("stopping");
    await sleep(600); // so that it counts as a second key press
    child.kill("SIGINT");
    await once(child, "close");
    assert.equal(child.exitCode, 130);
    assert(output().includes("killed all"));
  });
});

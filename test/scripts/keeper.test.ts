import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isAlive } from "../../scripts/bootstrap/pid.js";
import { eventually, root } from "../support/helper.ts";

/** Starts a child with a keeper, prints the child's pid and keeps running. */
const parent = (folder: string) => `
  import { startChild } from "${root}/scripts/bootstrap/child.js";
  import { startKeeper } from "${root}/scripts/bootstrap/keeper.js";
  const keeper = startKeeper();
  keeper.removeAfterwards(${JSON.stringify(folder)});
  const child = startChild({ file: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"], keeper });
  console.log(child.pid);
  setInterval(() => {}, 1000);`;

describe("keeper", () => {
  it("stops the children and removes the folders of a parent that was killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kept-"));
    const killed = spawn(process.execPath, ["--input-type=module", "-e", parent(folder)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: killed.stdout }), "line");
    const child = Number(line);
    assert(isAlive(child));
    killed.kill("SIGKILL");
    await eventually("the end of the child", () => !isAlive(child), 5000);
    await eventually("the removal of the folder", () => !existsSync(folder), 5000);
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "../support/helper.ts";

describe("the compile cache", () => {
  it("saves the next start from loading the type stripper", async () => {
    const script = `
      await import("./src/config/config.ts");
      process.stdout.write(String(process.moduleLoadList.some((name) => name.includes("amaro"))));`;
    const start = () =>
      promisify(execFile)(
        process.execPath,
        ["--import", "./src/compile-cache.js", "--input-type=module", "--eval", script],
        { cwd: root, env: { PATH: process.env.PATH } },
      );
    await start();
    assert.deepEqual(await start(), { stdout: "false", stderr: "" });
  });

  it("is optional: the service starts where it cannot be written", async () => {
    const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: "/dev/null/nowhere" };
    const args = ["--import", "./src/compile-cache.js", "src/config/config.ts"];
    assert.deepEqual(await promisify(execFile)(process.execPath, args, { cwd: root, env }), { stdout: "", stderr: "" });
  });
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "./helper.ts";

describe("compilation", () => {
  it("spares the next start, by its cache, the compiler that strips the types", async () => {
    const script = `
      await import("./src/config.ts");
      process.stdout.write(String(process.moduleLoadList.some((name) => name.includes("amaro"))));`;
    const start = () =>
      promisify(execFile)(
        process.execPath,
        ["--import", "./src/compilation.js", "--input-type=module", "--eval", script],
        { cwd: root, env: { PATH: process.env.PATH } },
      );
    await start();
    assert.deepEqual(await start(), { stdout: "false", stderr: "" });
  });

  it("does without its cache where that cannot be had", async () => {
    const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: "/dev/null/nowhere" };
    const args = ["--import", "./src/compilation.js", "src/config.ts"];
    assert.deepEqual(await promisify(execFile)(process.execPath, args, { cwd: root, env }), { stdout: "", stderr: "" });
  });

  it("asks of this V8 only what it knows", async () => {
    // It would name a flag that it does not know.
    const env = { PATH: process.env.PATH };
    const run = promisify(execFile)(process.execPath, ["./src/compilation.js"], { cwd: root, env });
    assert.deepEqual(await run, { stdout: "", stderr: "" });
  });
});

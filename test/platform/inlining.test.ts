import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "../helper.ts";

describe("inlineMore", () => {
  it("asks of this V8 only what it knows", async () => {
    const script = 'import { inlineMore } from "./src/platform/inlining.ts"; inlineMore();';
    const args = ["--input-type=module", "--eval", script];
    // It would name a flag that it does not know.
    assert.deepEqual(await promisify(execFile)(process.execPath, args, { cwd: root }), { stdout: "", stderr: "" });
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDependencies } from "../../scripts/bootstrap/dependencies.js";
import { root } from "../support/helper.ts";

const options = { signal: new AbortController().signal, note: () => {} };

describe("dependencies", () => {
  it("are not installed again when they are as new as the lock file, and include the project's Node", async () => {
    const { node, installed } = await ensureDependencies(root, options);
    assert.equal(installed, false);
    assert.match(execFileSync(node, ["--version"], { encoding: "utf8" }), /^v2[46]\./);
  });

  it("report npm's error when they cannot be installed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "project-"));
    try {
      await writeFile(join(folder, "package.json"), JSON.stringify({ name: "x", dependencies: { koa: "3.3.0" } }));
      await writeFile(join(folder, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages: {} }));
      await assert.rejects(ensureDependencies(folder, options), /^Error: npm ci failed \(exit code 1\):[\s\S]*in sync/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

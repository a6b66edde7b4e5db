import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followInstall, packagesOf } from "../../scripts/bootstrap/install-progress.js";
import { eventually } from "../support/helper.ts";

describe("the progress of npm ci", () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), "install-"));
    const packages = {
      "": {},
      "node_modules/a": {},
      "node_modules/b": { os: [process.platform], cpu: [process.arch] },
      "node_modules/c": { os: ["!other"] },
      "node_modules/elsewhere": { os: ["other"] },
      "node_modules/never": { os: [`!${process.platform}`] },
    };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
  });
  after(() => rmSync(root, { recursive: true }));

  it("counts the packages that this machine gets", () => {
    assert.deepEqual(packagesOf(root), ["node_modules/a", "node_modules/b", "node_modules/c"]);
  });

  it("says how many packages are unpacked, and what npm does before and after that", async () => {
    const notes: string[] = [];
    const said = (text: string) => eventually(text, () => notes.includes(text));
    const following = followInstall(root, (text) => notes.push(text), 10);
    await said("npm ci: fetching 3 packages");
    for (const [index, name] of ["a", "b", "c"].entries()) {
      mkdirSync(join(root, "node_modules", name), { recursive: true });
      writeFileSync(join(root, "node_modules", name, "package.json"), "{}");
      await said(index < 2 ? `npm ci: ${index + 1} of 3 packages unpacked` : "npm ci: running install scripts");
    }
    following.stop();
  });
});

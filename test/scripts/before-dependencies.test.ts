// What starts on a fresh clone runs on the system's Node, before anything is installed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../support/helper.ts";

const entries = [
  join(root, "scripts/local.js"),
  join(root, "scripts/test.js"),
  join(root, "scripts/bootstrap/keeper-process.js"),
];

/** All files that `files` load when they start, themselves included, with what each imports. */
function imports(files: string[], seen = new Map<string, string[]>()): Map<string, string[]> {
  for (const file of files) {
    if (seen.has(file)) continue;
    const source = readFileSync(file, "utf8");
    const names = [...source.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];$/gm)].map(([, name = ""]) => name);
    seen.set(file, names);
    imports(
      names.filter((name) => name.startsWith(".")).map((name) => join(dirname(file), name)),
      seen,
    );
  }
  return seen;
}

describe("scripts that run before the dependencies are installed", () => {
  const loaded = imports(entries);

  it("import nothing but Node's own modules and each other, in JavaScript", () => {
    assert(loaded.size > 20, `only ${loaded.size} files were found`);
    for (const [file, names] of loaded) {
      const foreign = names.filter((name) => !name.startsWith("node:") && !/^\.{1,2}\/.*\.js$/.test(name));
      assert.deepEqual(foreign, [], file);
    }
  });

  it("use only what is in the language and library of Node 20", function () {
    this.timeout(20_000);
    const options = [
      "--noEmit",
      "--ignoreConfig",
      "--allowJs",
      "--checkJs",
      "--strict",
      "--skipLibCheck",
      "--types",
      "node",
    ];
    const level = ["--module", "nodenext", "--target", "es2023", "--lib", "es2023"];
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options, ...level, ...entries], {
      cwd: root,
      encoding: "utf8",
    });
  });

  it("check the version of Node before they do anything else", () => {
    for (const entry of entries.slice(0, 2)) assert.equal(loaded.get(entry)?.[0], "./bootstrap/node-version.js");
  });
});

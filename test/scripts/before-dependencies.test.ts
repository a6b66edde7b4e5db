// On a fresh clone, scripts run on the system's Node before anything is installed.
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

/** `files` and everything that they load at startup, with each file's imports. */
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

  it("import only Node's modules and each other, in JavaScript", () => {
    assert(loaded.size > 20, `only ${loaded.size} files were found`);
    for (const [file, names] of loaded) {
      const foreign = names.filter((name) => !name.startsWith("node:") && !/^\.{1,2}\/.*\.js$/.test(name));
      assert.deepEqual(foreign, [], file);
    }
  });

  it("use only the language and library of Node 20", () => {
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

  it("check Node's version before anything else", () => {
    for (const entry of entries.slice(0, 2)) assert.equal(loaded.get(entry)?.[0], "./bootstrap/node-version.js");
  });
});

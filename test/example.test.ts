// Keeps the example domain removable: nothing but the files listed here knows its name, its routes or its tables.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./support/helper.ts";

const folders = ["src", "test", "scripts", "grafana", "otel", "docs"];
const texts = globSync(["*.*", ".env.example", ...folders.map((folder) => `${folder}/**/*.*`)], { cwd: root })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.(?:[cm]?[jt]s|json|ya?ml|md|txt|html|example)$/.test(path) && !path.includes("node_modules/"))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** Goes with the example, or is rewritten without it: see docs/adopting.md. */
const mayNameIt = [
  "src/automations/",
  "test/automations/",
  "src/domains.ts",
  ".env.example",
  "docker-compose.yml",
  "README.md",
  "CHANGELOG.md",
  "docs/",
  "scripts/",
  "src/app.ts",
  "test/bench/",
  "test/docs.test.ts",
  "test/example.test.ts",
  "test/faults/",
  "test/neighbours/",
  "test/overload/",
  "test/scripts/",
  "test/stack/",
];
const isAllowed = (path: string) => mayNameIt.some((one) => (one.endsWith("/") ? path.startsWith(one) : path === one));

function naming(pattern: RegExp): string[] {
  return texts.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

describe("the example domain", () => {
  it("is looked for in all of the project", () => {
    assert.ok(texts.length > 500, String(texts.length));
    for (const folder of folders)
      assert.ok(
        texts.some(({ path }) => path.startsWith(`${folder}/`)),
        folder,
      );
  });

  it("is named only where it can be deleted", () => {
    assert.deepEqual(
      naming(/automation|marketplace/i).filter((place) => !isAllowed(place.replace(/:\d+$/, ""))),
      [],
    );
  });

  it("shapes neither the platform nor its tests", () => {
    const ofPlatform =
      /^(?:src\/(?:platform|config)|test\/(?:platform|service|hostile|otel|grafana|support)|otel|grafana)\//;
    assert.deepEqual(
      naming(/webhook/i).filter((place) => ofPlatform.test(place)),
      [],
    );
  });
});

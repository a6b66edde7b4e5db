import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPhrases, isChecked } from "../../scripts/check-words.ts";
import { root } from "../support/helper.ts";

const script = join(root, "scripts/check-words.ts");

describe("npm run check:words", () => {
  for (const text of [
    "Whoever calls it waits.",
    "the delay from which on it sheds",
    "Its values are nobody's business.",
    "the one that decides",
    "a text that is no URL",
    "gives the slot back",
    "waits for ever",
    "Not given: it is.",
    "no connection is to be had",
    "refused for want of a database",
    "what the service says of itself",
    "a request holds its place",
    "starts the service anew",
    "the sum thereof",
    "what is to be done",
  ]) {
    it(`finds a phrase in "${text}"`, () => {
      assert.equal(findPhrases(text).length, 1);
    });
  }

  for (const text of [
    "There is no database.",
    "It is no longer needed.",
    "That is no reason to wait.",
    "It rolls back and forever waits.",
    "the first one there",
    "one place that all callers share",
  ]) {
    it(`accepts "${text}"`, () => {
      assert.deepEqual(findPhrases(text), []);
    });
  }

  it("checks what people write, not what programs do", () => {
    for (const file of [
      "src/app.ts",
      "scripts/test.js",
      "README.md",
      "otel/rules/pool.yml",
      ".env.example",
      "Dockerfile",
    ])
      assert.ok(isChecked(file), file);
    for (const file of ["LICENSE", "package-lock.json", "grafana/dashboards/service.json", ".github/chart.png"])
      assert.ok(!isChecked(file), file);
  });

  describe("in a folder without git", () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "words-"));
      await mkdir(join(folder, "node_modules"));
      await writeFile(join(folder, "node_modules", "theirs.md"), "Whoever waits.\n");
    });
    after(() => rm(folder, { recursive: true }));

    async function check(text: string) {
      await writeFile(join(folder, "notes.md"), text);
      return spawnSync(process.execPath, [script], { cwd: folder, encoding: "utf8" });
    }

    it("fails with file, line and what to write instead", async () => {
      const { status, stderr } = await check("Good.\nWhoever waits.\n");
      assert.equal(status, 1);
      assert.match(stderr, /^notes\.md:2: "Whoever": write "the caller that"/);
    });

    it("passes without findings", async () => {
      const { status, stderr } = await check("Good.\n");
      assert.deepEqual([status, stderr], [0, ""]);
    });
  });
});

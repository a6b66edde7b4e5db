// Runs `npm run dev` in a copy of the repository, with the changes that `npm run bench:dev` times.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Copy, copyRepository } from "../../scripts/inner-loop/copy.ts";
import { changes, type Dev, startDev } from "../../scripts/inner-loop/dev.ts";
import { createDatabase, eventually, root } from "../support/helper.ts";

const limitMs = 20_000;
const markers = ["checked out 0", "checked out 1", "checked out 2"];

describe("npm run dev", function () {
  this.timeout(60_000);
  let db: Awaited<ReturnType<typeof createDatabase>>;
  let copy: Copy;
  let dev: Dev;
  before(async function () {
    // The project does not depend on git.
    if (spawnSync("git", ["--version"]).error !== undefined) this.skip();
    db = await createDatabase();
    copy = copyRepository(root, markers);
    dev = await startDev(copy, { MYSQL_URL: db.url, FAULTS: "on" });
  });
  after(async () => {
    await dev?.stop();
    copy?.remove();
    await db?.drop();
  });
  const answersWith = async (marker: string) =>
    assert.notEqual(await dev.untilMarked(marker, limitMs), undefined, `${marker}\n${dev.output()}`);

  for (const [kind, change] of Object.entries(changes)) {
    it(`notices a file that is ${kind === "git checkout" ? "checked out by git" : kind}, three times in a row`, async () => {
      for (const index of [0, 1, 2]) {
        const marker = kind === "git checkout" ? (markers[index] ?? "") : `${kind} ${index}`;
        change(copy, marker);
        await answersWith(marker);
      }
    });
  }

  it("stays after a syntax error, and starts again once it is repaired", async () => {
    writeFileSync(join(copy.folder, copy.file), "export const marker = ;\n");
    await eventually("the end", () => dev.output().includes("it starts again when you change a file"), limitMs);
    changes["renamed over"](copy, "repaired");
    await answersWith("repaired");
  });

  it("does not lose a change that comes during a restart", async () => {
    const restarts = () => dev.output().split("restarting:").length;
    const before = restarts();
    changes["written in place"](copy, "one");
    await eventually("the restart", () => restarts() > before, limitMs);
    changes["renamed over"](copy, "two");
    await answersWith("two");
  });

  it("restarts with the settings of a changed .env", async () => {
    const timing = async () =>
      (await fetch(`${dev.url}/faults/rows`).catch(() => undefined))?.headers.has("server-timing");
    assert.equal(await timing(), true);
    writeFileSync(join(copy.folder, ".env"), "SERVER_TIMING=off\n");
    await eventually("an answer without the header", async () => (await timing()) === false, limitMs);
    rmSync(join(copy.folder, ".env"));
    await eventually("an answer with the header", async () => (await timing()) === true, limitMs);
  });

  it("says in one line where it runs when it is started a second time", async () => {
    await eventually("the welcome", () => dev.output().includes("Ctrl-C"), limitMs);
    const second = spawnSync(process.execPath, ["scripts/local.js"], {
      cwd: copy.folder,
      env: { ...process.env, PORT: new URL(dev.url).port, MYSQL_URL: db.url, FAULTS: "on" },
      encoding: "utf8",
    });
    assert.equal(second.status, 1);
    assert.match(
      second.stderr.trim(),
      new RegExp(`^It already runs: service ${dev.url}, traces http://127\\.0\\.0\\.1:\\d+, process \\d+ \\(.*\\)\\.$`),
    );
    assert.equal(second.stdout, "");
  });

  it("says in one line what it cannot write, without a stack", async () => {
    await dev.stop();
    rmSync(join(copy.folder, ".local"), { recursive: true });
    writeFileSync(join(copy.folder, ".local"), "a file");
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/local.js"], {
      cwd: copy.folder,
      env: { ...process.env, MYSQL_URL: db.url, FAULTS: "on" },
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr.trim(), /^Cannot write \S+\/\.local\/running: a file is where a folder should be \(\w+\)\.$/);
  });
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onceComplete } from "../../scripts/bootstrap/once-complete.js";

describe("a folder created once", () => {
  let parent = "";
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "once-"));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it("leaves nothing behind on failure", async () => {
    const interrupted = onceComplete(join(parent, "cache"), async (folder) => {
      await mkdir(folder);
      await writeFile(join(folder, "half"), "");
      throw new Error("interrupted");
    });
    await assert.rejects(interrupted, { message: "interrupted" });
    assert.deepEqual(await readdir(parent), []);
  });

  it("has a temporary name until it is complete", async () => {
    await onceComplete(join(parent, "cache"), async (folder) => {
      await mkdir(folder);
      assert(!(await readdir(parent)).includes("cache"));
    });
    assert.deepEqual(await readdir(parent), ["cache"]);
  });

  it("may be created by two runs at once, and is kept once", async () => {
    let made = 0;
    const make = async (folder: string) => {
      await mkdir(folder);
      await writeFile(join(folder, "file"), "");
      made += 1;
    };
    await Promise.all([onceComplete(join(parent, "cache"), make), onceComplete(join(parent, "cache"), make)]);
    assert.equal(made, 2);
    assert.deepEqual(await readdir(parent), ["cache"]);
  });

  it("is not created again", async () => {
    await onceComplete(join(parent, "cache"), (folder) => mkdir(folder));
    await onceComplete(join(parent, "cache"), () => assert.fail("made again"));
  });
});

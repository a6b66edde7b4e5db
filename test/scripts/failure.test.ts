import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, Failure, writeFailure, writing } from "../../scripts/bootstrap/failure.js";

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail("it was written"),
    (error: unknown) => error,
  );

describe("what cannot be written", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "failure-"));
    writeFileSync(join(folder, "file"), "");
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is named in one line when a file is where a folder should be", async () => {
    const inside = join(folder, "file", "inside");
    const error = await failureOf(mkdir(inside));
    assert.equal(explain(error), `Cannot write ${inside}: a file is where a folder should be (ENOTDIR).`);
  });

  it("is named when the disk is full, although the system does not say where", async function () {
    // Other systems have no such device.
    if (process.platform !== "linux") this.skip();
    const error = await failureOf(writing("/dev/full", () => appendFile("/dev/full", "x")));
    assert.equal(explain(error), "Cannot write /dev/full: no space is left on the device (ENOSPC).");
  });

  it("is found in the output of programs", () => {
    for (const [output, code] of [
      ["npm error code EROFS\nnpm error syscall mkdir", "EROFS"],
      ["tar: ./usr: Cannot open: No space left on device", "ENOSPC"],
      ["mkdir: cannot create directory '/x': Permission denied", "EACCES"],
      ['mariadbd: Error writing file (Errcode: 28 "No space left on device")', "ENOSPC"],
    ] as const) {
      assert.match(writeFailure("/x", output)?.message ?? "", new RegExp(`^Cannot write /x: .* \\(${code}\\)\\.$`));
    }
    assert.equal(writeFailure("/x", "npm error code E404"), undefined);
  });

  it("leaves all other errors as they are, with their stack", async () => {
    const bug = new TypeError("a bug");
    assert.equal(await failureOf(writing("/x", () => Promise.reject(bug))), bug);
    assert.match(explain(bug), /^TypeError: a bug\n +at /);
    assert.match(explain(await failureOf(readFile(join(folder, "missing")))), /ENOENT/);
    assert.equal(explain(new Failure("a message")), "a message");
  });
});

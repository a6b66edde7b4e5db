import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWatch } from "../../scripts/bootstrap/watch.js";

describe("watching files", () => {
  let root: string;
  let watch: ReturnType<typeof createWatch>;
  const stop = new AbortController();
  const path = (name: string) => join(root, name);
  const write = (name: string, text: string) => writeFileSync(path(name), text);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "watch-"));
    mkdirSync(path("src/inner"), { recursive: true });
    write("src/a.ts", "a");
    watch = createWatch(root, ["src", "package.json", ".env"]);
  });
  afterEach(() => {
    watch.close();
    rmSync(root, { recursive: true });
  });

  /** The files that are noticed after `change`, once watching has begun. */
  async function noticed(change: () => void): Promise<string[]> {
    const before = await watch.snapshot();
    const found = watch.changed(before, stop.signal);
    setTimeout(change, 100);
    return (await found).map((file) => file.slice(root.length + 1)).sort();
  }

  it("notices files that are written, created and deleted, also in a new folder", async () => {
    assert.deepEqual(await noticed(() => write("src/a.ts", "b")), ["src/a.ts"]);
    assert.deepEqual(await noticed(() => write("src/inner/b.ts", "b")), ["src/inner/b.ts"]);
    assert.deepEqual(await noticed(() => rmSync(path("src/inner/b.ts"))), ["src/inner/b.ts"]);
    assert.deepEqual(await noticed(() => mkdirSync(path("src/new"))), ["src/new"]);
    assert.deepEqual(await noticed(() => write("src/new/c.ts", "c")), ["src/new/c.ts"]);
    for (const file of ["package.json", ".env"]) assert.deepEqual(await noticed(() => write(file, "x")), [file]);
  });

  it("notices a file that is replaced by rename, each time", async () => {
    for (const text of ["1", "2", "3"]) {
      const replace = () => {
        write(".new", text);
        renameSync(path(".new"), path("src/a.ts"));
      };
      assert.deepEqual(await noticed(replace), ["src/a.ts"]);
    }
  });

  it("notices a change that came before it began to watch", async () => {
    const before = await watch.snapshot();
    write("src/a.ts", "early");
    assert.equal((await watch.changed(before, stop.signal)).length, 1);
  });

  it("takes changes in quick succession as one", async () => {
    const names = ["src/1.ts", "src/2.ts", "src/3.ts"];
    const found = await noticed(() => {
      for (const [index, name] of names.entries()) setTimeout(write, index * 15, name, "x");
    });
    assert.deepEqual(found, names);
  });

  it("ignores files of editors, dependencies, git, tests and data", async () => {
    for (const folder of ["node_modules", ".git", ".local", "test"]) mkdirSync(path(folder));
    const found = await noticed(() => {
      for (const name of ["node_modules/a.js", ".git/HEAD", ".local/data", "test/a.ts"]) write(name, "x");
      for (const name of ["src/.a.ts.swp", "src/a.ts~", "src/4913", "README.md"]) write(name, "x");
      setTimeout(write, 300, "src/a.ts", "the only one");
    });
    assert.deepEqual(found, ["src/a.ts"]);
  });
});

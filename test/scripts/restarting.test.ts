import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../scripts/bootstrap/child.js";
import { startRestarting } from "../../scripts/bootstrap/restarting.js";
import { eventually } from "../support/helper.ts";

describe("a program that restarts on changes", () => {
  let root: string;
  let part: ReturnType<typeof startRestarting> | undefined;
  const printed: string[] = [];
  const lines: string[] = [];
  const program = (text: string) => writeFileSync(join(root, "src", "program.mjs"), text);
  const runs = (text: string) => `console.log(${JSON.stringify(text)}); setInterval(() => {}, 1000);`;

  function start({ beforeStart = async () => {}, released = async () => true } = {}) {
    part = startRestarting({
      root,
      watched: ["src"],
      released,
      print: (text) => printed.push(text),
      async start() {
        await beforeStart();
        const file = join(root, "src", "program.mjs");
        return startChild({ file: process.execPath, args: [file], onLine: (line) => lines.push(line) });
      },
    });
    return part;
  }
  const line = (text: string) => eventually(text, () => lines.includes(text));

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "restarting-"));
    mkdirSync(join(root, "src"));
    printed.length = 0;
    lines.length = 0;
    program(runs("first"));
  });
  afterEach(async () => {
    await part?.stop();
    rmSync(root, { recursive: true });
  });

  it("runs the new version and names the file that changed", async () => {
    start();
    await line("first");
    program(runs("second"));
    await line("second");
    assert.deepEqual(printed, ["restarting: src/program.mjs changed"]);
  });

  it("stays after a crash, and starts again with the next change", async () => {
    program("throw new Error('oops');");
    const { exited } = start();
    await eventually("the crash", () => printed.length > 0);
    assert.deepEqual(printed, ["ended (exit code 1); it starts again when you change a file"]);
    program(runs("repaired"));
    await line("repaired");
    await part?.stop();
    assert.equal(await exited, "stopped");
  });

  it("does not lose a change that comes while it starts", async () => {
    let starts = 0;
    const beforeStart = async () => {
      starts += 1;
      if (starts === 2) setTimeout(program, 20, runs("third"));
    };
    start({ beforeStart });
    await line("first");
    program(runs("second"));
    await line("third");
  });

  it("kills the last one if it does not react", async () => {
    program(`process.on("SIGTERM", () => {}); ${runs("stubborn")}`);
    start({ released: async () => false });
    await line("stubborn");
    program(runs("next"));
    await line("next");
  });

  it("reports a start that fails, and tries again with the next change", async () => {
    let fails = true;
    start({ beforeStart: () => (fails ? Promise.reject(new Error("PORT is wrong")) : Promise.resolve()) });
    await eventually("the message", () => printed.includes("PORT is wrong"));
    fails = false;
    program(runs("second"));
    await line("second");
  });
});

import assert from "node:assert/strict";
import { WriteStream } from "node:tty";
import { createProgress } from "../../scripts/bootstrap/progress.js";

/** What a terminal of 40 columns shows, or a log when `isTTY` is false. */
function output(isTTY: boolean) {
  const chunks: string[] = [];
  const out = Object.assign(Object.create(WriteStream.prototype), {
    isTTY,
    columns: 40,
    write: (text: string) => chunks.push(text) > 0,
  });
  const lines = () =>
    chunks
      .join("")
      .split("\n")
      .map((line) => line.split("\r\x1b[K").at(-1));
  return { progress: createProgress(out), lines };
}

describe("the status line", () => {
  it("stays below what is printed on a terminal, within its width, until it is removed", () => {
    const { progress, lines } = output(true);
    progress.status("service http://127.0.0.1:8000 and a lot of other things");
    progress.print("a line");
    assert.deepEqual(lines(), ["a line", "service http://127.0.0.1:8000 and a lot"]);
    progress.status("");
    progress.print("the end");
    assert.deepEqual(lines(), ["a line", "the end", ""]);
  });

  it("is not in a log", () => {
    const { progress, lines } = output(false);
    progress.status("service http://127.0.0.1:8000");
    progress.print("a line");
    assert.deepEqual(lines(), ["a line", ""]);
  });
});

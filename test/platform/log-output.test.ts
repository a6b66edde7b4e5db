import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createLogger } from "../../src/platform/log.ts";
import { LogOutput } from "../../src/platform/log-output.ts";
import { eventually, root } from "../support/helper.ts";

/** Accepts only `room` bytes, like a pipe whose reader is stuck. */
class Sink {
  room: number;
  readonly #received: Buffer[] = [];

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  readonly write = (data: string | Uint8Array): number => {
    const bytes = Buffer.from(data);
    const accepted = bytes.subarray(0, this.room);
    if (accepted.length === 0) throw new Error("EAGAIN");
    this.room -= accepted.length;
    this.#received.push(accepted);
    return accepted.length;
  };

  get lines(): string[] {
    return Buffer.concat(this.#received).toString().split("\n").slice(0, -1);
  }
}

describe("LogOutput", () => {
  it("buffers what it cannot write, counts what does not fit, and reports the loss once it can write again", async () => {
    const sink = new Sink(15);
    const output = new LogOutput({ write: sink.write, capacity: 30 });
    output.onLost((lines) => output.write(`lost ${lines}\n`));
    // 15 bytes are written and 5 wait, as do the next two lines.
    for (const line of ["one", "two", "three", "four", "five"]) output.write(`${line.padEnd(9)}\n`);
    assert.equal(output.lost, 1);
    sink.room = 1000;
    await eventually("the waiting lines", () => sink.lines.length === 5);
    output.write("six\n");
    const expected = ["one      ", "two      ", "three    ", "four     ", "lost 1", "six"];
    assert.deepEqual(sink.lines, expected);
    assert.equal(output.lost, 1);
  });

  it("writes every line whole and in order, or counts it as lost, however much the output accepts", () => {
    const steps = fc.array(
      fc.oneof(fc.record({ line: fc.string({ unit: "grapheme", maxLength: 60 }) }), fc.record({ room: fc.nat(100) })),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const sink = new Sink(0);
        const output = new LogOutput({ write: sink.write, capacity: 100 });
        const given: string[] = [];
        for (const step of all) {
          if ("line" in step) {
            const line = `${given.length}${step.line.replaceAll(/[\r\n]/g, "")}`;
            given.push(line);
            output.write(`${line}\n`);
          } else {
            sink.room += step.room;
            output.finish(0);
          }
        }
        sink.room = Number.POSITIVE_INFINITY;
        output.finish(0);
        const written = new Set(sink.lines);
        assert.deepEqual(
          sink.lines,
          given.filter((line) => written.has(line)),
        );
        assert.equal(sink.lines.length + output.lost, given.length);
      }),
    );
  });

  it("limits how long it waits for the last lines", () => {
    const output = new LogOutput({ write: new Sink(0).write });
    output.write("last\n");
    const startedAt = performance.now();
    output.finish(50);
    const ms = performance.now() - startedAt;
    assert.ok(ms >= 50 && ms < 10_000, `${ms} ms`);
  });

  it("logs how many lines were lost", () => {
    const sink = new Sink(0);
    const output = new LogOutput({ write: sink.write, capacity: 200 });
    const log = createLogger("info", output);
    for (let line = 0; line < 10; line += 1) log.info("something that nobody will read");
    sink.room = 100_000;
    output.finish(0);
    const { level, lines } = JSON.parse(sink.lines.at(-1) ?? "");
    assert.deepEqual([level, lines], ["warn", output.lost]);
    assert.ok(output.lost > 0);
  });
});

/** Logs 10,000 lines and one of 300 kB, then exits as after a fatal error. */
const program = `
  import { createLogger } from "./src/platform/log.ts";
  const log = createLogger("info");
  for (let number = 0; number < 10_000; number += 1) log.info({ number }, "x".repeat(150));
  log.info({ number: 10_000 }, "é".repeat(150_000));
  log.fatal({ number: 10_001 }, "the end");
  process.exit(1);
`;
const command = ["--input-type=module-typescript", "--eval", program];

describe("standard output", () => {
  it("gets every line through a pipe, including the last before the process exits", async () => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await once(child, "close");
    assertComplete(text);
  });

  it("gets every line in a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "log-"));
    const file = await open(join(folder, "log"), "w");
    await once(spawn(process.execPath, command, { cwd: root, stdio: ["ignore", file.fd, "inherit"] }), "close");
    await file.close();
    assertComplete(await readFile(join(folder, "log"), "utf8"));
    await rm(folder, { recursive: true });
  });

  it("neither blocks nor crashes the process when it is full or closed", async () => {
    for (const redirection of [">/dev/full", ">&-"]) {
      const shell = spawn("sh", ["-c", `exec "$0" "$@" ${redirection}`, process.execPath, ...command], {
        cwd: root,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let errors = "";
      shell.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        errors += chunk;
      });
      const [code] = await once(shell, "close");
      assert.deepEqual([code, errors], [1, ""], redirection);
    }
  });

  function assertComplete(text: string): void {
    const numbers = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).number);
    assert.deepEqual(
      numbers,
      Array.from({ length: 10_002 }, (_, number) => number),
    );
  }
});

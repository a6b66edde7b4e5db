// Tests that shedding starts before a process runs out of memory: fills memory until the process sheds or dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { eventually } from "../support/helper.ts";

const program = `${import.meta.dirname}/fill-memory.ts`;
const mb = 2 ** 20;
const fewPercent = Math.ceil((100 * 200 * mb) / totalmem());

describe("memory that fills up", function () {
  this.timeout(60_000);

  for (const [options, kind] of [
    [["--max-old-space-size=64"], "objects"],
    [["--max-old-space-size=128"], "strings"],
    [["--max-old-space-size=256"], "objects"],
    [["--max-old-space-size=512"], "objects"],
    [["--max-heap-size=256"], "strings"],
    [[`--max-old-space-size-percentage=${fewPercent}`], "objects"],
  ] as const) {
    it(`sheds before it dies, with ${options.join(" ")} and ${kind}`, async () => {
      await assertSheds(process.execPath, [...options, program, kind]);
    });
  }

  for (const [sizeMb, kind, options] of [
    [256, "objects", []],
    [1024, "objects", []],
    [512, "objects", ["--max-old-space-size-percentage=75"]],
    [256, "buffers", []],
  ] as const) {
    it(`sheds before it dies, in a container of ${sizeMb} MiB with ${[...options, kind].join(" and ")}`, async function () {
      const group = controlGroup(sizeMb * mb);
      // Needs root.
      if (group === undefined) return this.skip();
      try {
        const inGroup = ["-c", 'echo $$ > "$0"; exec "$@"', `${group}/cgroup.procs`];
        await assertSheds("sh", [...inGroup, process.execPath, ...options, program, kind]);
      } finally {
        await eventually("an empty group", () => removed(group));
      }
    });
  }
});

async function assertSheds(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "pipe"], env: { PATH: process.env.PATH } });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  await once(child, "close");
  assert.deepEqual([child.exitCode, child.signalCode, errors], [0, null, ""]);
}

/** Creates a memory cgroup (v1 or v2) as a container has. Undefined where that is not possible. */
function controlGroup(bytes: number): string | undefined {
  for (const [folder, file] of [
    ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"],
    ["/sys/fs/cgroup", "memory.max"],
  ] as const) {
    const group = `${folder}/memory-test-${process.pid}`;
    try {
      mkdirSync(group);
    } catch {
      continue;
    }
    try {
      writeFileSync(`${group}/${file}`, String(bytes), { flag: "r+" });
      return group;
    } catch {
      removed(group);
    }
  }
  return undefined;
}

function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}

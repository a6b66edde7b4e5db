// A copy of the project in a temporary folder, for commands that write source files.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../support/helper.ts";

const run = promisify(execFile);

export interface ProjectCopy {
  folder: string;
  /** Runs Node with `args` in the copy; never rejects. */
  node(...args: string[]): Promise<{ code: number | null; output: string }>;
  remove(): Promise<void>;
}

/** Copies what git would commit, and links node_modules. */
export async function copyProject(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const files = stdout.split("\0").filter((file) => file !== "");
  // A file that was deleted but not committed is listed, too.
  await Promise.all(files.map((file) => cp(join(root, file), join(folder, file)).catch(ignoreMissing)));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    async node(...args) {
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      await once(child, "close");
      return { code: child.exitCode, output };
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

// A copy of the project in a temporary folder, for commands that write source files.
import { type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFiles } from "../../scripts/scaffold/project-files.js";
import { root } from "../support/helper.ts";

/** Git has no configuration but this. */
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "somebody",
  GIT_AUTHOR_EMAIL: "somebody@example.com",
  GIT_COMMITTER_NAME: "somebody",
  GIT_COMMITTER_EMAIL: "somebody@example.com",
};

interface Ended {
  code: number | null;
  output: string;
}

export interface ProjectCopy {
  folder: string;
  /** Runs Node with `args` in the copy. */
  node(...args: string[]): Promise<Ended>;
  /** Runs any command in the copy. */
  run(file: string, ...args: string[]): Promise<Ended>;
  /** Runs git in the copy. */
  git(...args: string[]): Promise<Ended>;
  remove(): Promise<void>;
}

/** Copies what git would commit, and links what is installed. */
export async function copyProject(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), "project-"));
  // Commands install the dependencies again when the lock file is newer than they are.
  const options = { preserveTimestamps: true };
  await Promise.all(projectFiles(root).map((file) => cp(join(root, file), join(folder, file), options)));
  // Each link by itself, so that nothing done to the folder in the copy reaches the project's.
  await mkdir(join(folder, "node_modules"));
  for (const name of await readdir(join(root, "node_modules"))) {
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  return {
    folder,
    node: (...args) => run(process.execPath, args, { cwd: folder, env }),
    run: (file, ...args) => run(file, args, { cwd: folder, env }),
    git: (...args) => run("git", args, { cwd: folder, env }),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Never rejects because of what the command returns. */
async function run(file: string, args: readonly string[], options: SpawnOptions): Promise<Ended> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await once(child, "close");
  return { code: child.exitCode, output };
}

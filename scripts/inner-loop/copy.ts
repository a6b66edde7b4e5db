// A copy of the repository to edit at will: the working tree is never touched. Its service says which version of a file it runs.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectFiles } from "../scaffold/project-files.js";

const identity = [
  "-c",
  "user.name=inner-loop",
  "-c",
  "user.email=inner-loop@example.com",
  "-c",
  "commit.gpgsign=false",
];

export interface Copy {
  readonly folder: string;
  /** The file to change, relative to the folder. `GET /health` returns its marker as the version. */
  readonly file: string;
  /** The content of the file with this marker. */
  content(marker: string): string;
  /** Checks out the content with this marker, one of those that were committed. */
  checkOut(marker: string): void;
  remove(): void;
}

/** Copies `root` with its uncommitted files, and commits a version of the file for each of `markers`. */
export function copyRepository(root: string, markers: readonly string[]): Copy {
  const folder = mkdtempSync(join(tmpdir(), "inner-loop-"));
  const git = (...args: string[]) => execFileSync("git", [...identity, ...args], { cwd: folder, stdio: "pipe" });
  for (const path of projectFiles(root)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    // With their times: an older lock file says that the dependencies are current.
    cpSync(join(root, path), join(folder, path), { preserveTimestamps: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");

  const file = "src/marker.ts";
  const content = (marker: string) => `export const marker = ${JSON.stringify(marker)};\n`;
  const health = join(folder, "src/platform/endpoints/health.ts");
  const source = readFileSync(health, "utf8");
  const marked = source.replace(/^ +version,$/m, "version: marker,");
  if (marked === source) throw new Error(`${health} no longer returns its version in a line of its own`);
  writeFileSync(health, `import { marker } from "../../marker.ts";\n${marked}`);
  const commits = new Map<string, string>();
  git("init", "--quiet");
  for (const marker of [...markers, "start"]) {
    writeFileSync(join(folder, file), content(marker));
    git("add", file);
    git("commit", "--quiet", "--no-verify", "--message", marker);
    commits.set(marker, git("rev-parse", "HEAD").toString().trim());
  }
  return {
    folder,
    file,
    content,
    checkOut: (marker) => void git("checkout", "--quiet", commits.get(marker) ?? "HEAD", "--", file),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

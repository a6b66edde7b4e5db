// The files of the project: what git would commit, or, in a copy without git, everything but what commands put there.
import { execFileSync } from "node:child_process";
import { readdirSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";

/** As in .gitignore. */
const ignored = new Set([".git", "node_modules", ".local", "coverage", "screenshots", ".env"]);

/** @param {string} root @param {...string} args @returns {string} */
export function git(root, ...args) {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Whether `root` is the top folder of a git repository. @param {string} root */
export function isRepository(root) {
  try {
    return realpathSync(git(root, "rev-parse", "--show-toplevel").trim()) === realpathSync(root);
  } catch {
    return false;
  }
}

/** Paths with slashes, relative to `root`. @param {string} root @returns {string[]} */
export function projectFiles(root) {
  if (isRepository(root)) {
    const listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0");
    const deleted = new Set(git(root, "ls-files", "-z", "--deleted").split("\0"));
    return listed.filter((path) => path !== "" && !deleted.has(path));
  }
  return walk(root, root);
}

/** @param {string} root @param {string} folder @returns {string[]} */
function walk(root, folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (ignored.has(entry.name) || entry.name.endsWith(".log")) return [];
    return entry.isDirectory() ? walk(root, path) : [relative(root, path).replaceAll("\\", "/")];
  });
}

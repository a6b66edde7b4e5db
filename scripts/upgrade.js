// `npm run upgrade -- TAG [--from URL|PATH]`: merges a later version of the template into this service. Runs the init of both
// versions with the answers that were given here, and applies the difference with git's three-way merge, so that it also works
// in a repository that shares no history with the template.
import "./bootstrap/node-version.js";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { git, isRepository } from "./scaffold/project-files.js";

/**
 * What `.template.json` records of the answers that init was given.
 * @typedef {object} Answers
 * @property {string} name the service's name
 * @property {string} domain the first domain; "" when the example stayed
 * @property {string} database
 * @property {number} port
 * @property {string} holder the copyright holder
 * @property {string} date the date of the first migration
 */

const usage = `usage: npm run upgrade -- TAG [--from URL|PATH]
  TAG               the version of the template, as in v1.2.0
  --from URL|PATH   the template's repository (the git remote "template")`;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  upgrade();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function upgrade() {
  const { tag, from } = readArguments();
  if (!isRepository(root)) throw new Error("upgrade needs git: git init && git add --all && git commit -m 'Begin'");
  if (git(root, "status", "--porcelain") !== "") {
    throw new Error("there are uncommitted changes: commit or stash them first, so that git can merge");
  }
  const record = join(root, ".template.json");
  if (!existsSync(record))
    throw new Error("there is no .template.json, which the template's init writes: merge with git instead");
  /** @type {{ version: string, answers: Answers }} */
  const { version, answers } = JSON.parse(readFileSync(record, "utf8"));
  const source = from ?? remoteUrl();
  if (source === undefined) throw new Error(`where is the template? There is no git remote "template".\n${usage}`);

  const folder = mkdtempSync(join(tmpdir(), "upgrade-"));
  try {
    const repository = join(folder, "template.git");
    clone(source, repository);
    const old = join(folder, "old");
    const next = join(folder, "new");
    checkOut(repository, `v${version}`, old);
    checkOut(repository, tag, next);
    requireVersion(next, tag);
    const changes = changesSince(version, readFileSync(join(next, "CHANGELOG.md"), "utf8"));
    for (const project of [old, next]) replay(project, answers);
    const base = commit(old, `The template's v${version}`, []);
    const theirs = commit(next, `The template's ${tag}`, [base]);
    merge(theirs, base, { version, tag, changes });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {{ tag: string, from: string | undefined }} */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
    const [tag, ...more] = positionals;
    if (tag !== undefined && /^v\d+\.\d+\.\d+/.test(tag) && more.length === 0) return { tag, from: values.from };
  } catch {}
  throw new Error(usage);
}

function remoteUrl() {
  try {
    return git(root, "config", "remote.template.url").trim();
  } catch {
    return undefined;
  }
}

/** @param {string} source @param {string} repository */
function clone(source, repository) {
  const { status, stderr } = spawnSync("git", ["clone", "--quiet", "--bare", source, repository], { encoding: "utf8" });
  if (status !== 0) throw new Error(`could not clone ${source}: ${stderr.trim()}`);
}

/** @param {string} repository @param {string} tag @param {string} project */
function checkOut(repository, tag, project) {
  mkdirSync(project);
  const { status } = spawnSync("git", [
    "--git-dir",
    repository,
    "rev-parse",
    "--quiet",
    "--verify",
    `refs/tags/${tag}`,
  ]);
  if (status !== 0) {
    const tags = git(repository, "tag", "--sort=-version:refname").trim().split("\n").slice(0, 5).join(", ");
    throw new Error(`the template has no version ${tag}; the latest are: ${tags || "none"}`);
  }
  execFileSync("git", [
    "--git-dir",
    repository,
    "--work-tree",
    project,
    "checkout",
    "--quiet",
    "--force",
    tag,
    "--",
    ".",
  ]);
}

/** The next upgrade looks for the tag of the recorded version. @param {string} project @param {string} tag */
function requireVersion(project, tag) {
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  if (tag !== `v${version}`) throw new Error(`the tag ${tag} has version ${version} in its package.json`);
}

/** The sections of the template's change log above that of `version`. @param {string} version @param {string} changelog */
function changesSince(version, changelog) {
  const sections = changelog.split(/^(?=## \[)/m).slice(1);
  const known = sections.findIndex((section) => section.startsWith(`## [${version}]`));
  const newer = known === -1 ? sections : sections.slice(0, known);
  return newer
    .filter((section) => !/^## \[Unreleased\]\s*$/.test(section))
    .join("")
    .trim();
}

/**
 * Runs that version's own init.
 * @param {string} project @param {Answers} answers
 */
function replay(project, { name, domain, database, port, holder, date }) {
  const ofDomain = domain === "" ? ["--keep-example"] : ["--domain", domain];
  const given = ["--database", database, "--port", String(port), "--holder", holder, "--date", date];
  const args = [join(project, "scripts", "init.js"), name, ...ofDomain, ...given, "--yes"];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(`init failed in ${project}: ${stderr.trim()}`);
}

/**
 * Writes the files of a folder as a commit of this repository, which no branch refers to.
 * @param {string} project @param {string} message @param {string[]} parents
 * @returns {string} its id
 */
function commit(project, message, parents) {
  const env = {
    ...process.env,
    GIT_INDEX_FILE: join(project, "..", `index-${parents.length}`),
    GIT_AUTHOR_NAME: "template",
    GIT_AUTHOR_EMAIL: "template@localhost",
    GIT_COMMITTER_NAME: "template",
    GIT_COMMITTER_EMAIL: "template@localhost",
  };
  const gitDir = git(root, "rev-parse", "--absolute-git-dir").trim();
  /** @param {...string} args */
  const run = (...args) => execFileSync("git", ["--git-dir", gitDir, ...args], { env, encoding: "utf8" }).trim();
  run("-c", "core.autocrlf=false", "-c", "core.excludesFile=", "--work-tree", project, "add", "--all", "--force");
  const tree = run("write-tree");
  return run("commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", message);
}

/**
 * Applies what changed between two versions to the working tree and the index, as `git cherry-pick` does.
 * @param {string} theirs @param {string} base @param {{ version: string, tag: string, changes: string }} versions
 */
function merge(theirs, base, { version, tag, changes }) {
  if (git(root, "diff", "--name-only", base, theirs) === "")
    return console.log(`nothing changed from v${version} to ${tag}`);
  const { status, stderr } = spawnSync("git", ["cherry-pick", "--no-commit", theirs], { cwd: root, encoding: "utf8" });
  const conflicts = git(root, "diff", "--name-only", "--diff-filter=U").trim();
  if (status !== 0 && conflicts === "") throw new Error(`git could not merge: ${stderr.trim()}`);
  const changed = git(root, "diff", "--cached", "--name-only").trim().split("\n").length;
  console.log(`merged v${version} to ${tag}: ${changed} files changed. To undo: git reset --hard`);
  if (conflicts !== "") {
    console.log(`
resolve these, then git add them (package-lock.json: run npm install; grafana/dashboards: run npm run dashboards):
${conflicts.replaceAll(/^/gm, "  ")}`);
    process.exitCode = 2;
  }
  console.log(`
Next: npm install, npm test, npm run check, git commit.

${changes}`);
}

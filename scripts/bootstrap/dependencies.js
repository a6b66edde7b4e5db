// Brings node_modules up to date before anything else runs, and finds a Node that is new enough for the project.
import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "./command.js";
import { Failure, writeFailure } from "./failure.js";
import { followInstall } from "./install-progress.js";

/** Type stripping and the module hooks need this Node; keep in step with `engines` in package.json. */
const NEEDED_NODE = [24, 11];

/**
 * Installs the lock file's packages unless they are up to date.
 * @param {string} root the repository
 * @param {{ signal: AbortSignal, note: (text: string) => void }} options
 * @returns {Promise<{ node: string, installed: boolean }>} `node`: the binary to run everything else with
 */
export async function ensureDependencies(root, { signal, note }) {
  const present = (await isCurrent(root)) ? await findNode(root) : undefined;
  if (present !== undefined) return { node: present, installed: false };
  await install(root, { signal, note });
  const node = await findNode(root);
  if (node === undefined) {
    throw new Failure(
      `Node ${NEEDED_NODE.join(".")} or later is needed, and npm did not install it (are install scripts turned off?).\n` +
        "Run `npm rebuild node --ignore-scripts=false`, or use a newer Node.",
    );
  }
  return { node, installed: true };
}

/**
 * The same for a folder with a lock file of its own.
 * @param {string} folder
 * @param {{ signal: AbortSignal, note: (text: string) => void }} options
 * @returns {Promise<boolean>} whether it had to install
 */
export async function ensureInstalled(folder, options) {
  if (await isCurrent(folder)) return false;
  await install(folder, options);
  return true;
}

/**
 * npm writes node_modules/.package-lock.json last, so an interrupted install is not current.
 * @param {string} root
 */
async function isCurrent(root) {
  const [wanted, installed] = await Promise.all([
    stat(join(root, "package-lock.json")),
    stat(join(root, "node_modules", ".package-lock.json")).catch(() => undefined),
  ]);
  return installed !== undefined && installed.mtimeMs >= wanted.mtimeMs;
}

/** @param {string} root @param {{ signal: AbortSignal, note: (text: string) => void }} options */
async function install(root, { signal, note }) {
  const following = followInstall(root, note);
  // npm must not run on the Node in the folder that it replaces
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const env = { ...process.env, PATH: path.join(delimiter) };
  const { code, output } = await run("npm", ["ci", "--include=dev", "--loglevel=error"], {
    cwd: root,
    env,
    signal,
    onLine: (line) => note(`npm ci: ${line.trim()}`),
  })
    .catch((error) => {
      if (error.code === "ENOENT") throw new Failure("npm is not on PATH: install Node with npm and try again.");
      throw error;
    })
    .finally(() => following.stop());
  if (code !== 0) {
    const failure = writeFailure(join(root, "node_modules"), output);
    if (failure !== undefined) throw failure;
  }
  // npm prints the error first, and its usage last
  if (code !== 0)
    throw new Failure(`npm ci failed (exit code ${code}):\n${output.split("\n").slice(0, 12).join("\n")}`);
}

/** @param {string} root @returns {Promise<string | undefined>} the project's Node, or the running one if it is new enough */
async function findNode(root) {
  for (const candidate of [join(root, "node_modules", "node", "bin", "node"), process.execPath]) {
    const result = await run(candidate, ["--version"], { timeoutMs: 10_000 }).catch(() => undefined);
    const [major = 0, minor = 0] = (result?.stdout ?? "").replace("v", "").split(".").map(Number);
    const [neededMajor = 0, neededMinor = 0] = NEEDED_NODE;
    if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return candidate;
  }
  return undefined;
}

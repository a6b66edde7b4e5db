// `npm run init -- NAME [options]`: turns this copy of the template into your service: your name everywhere, and a first domain
// of your own instead of the example. Runs once, then removes itself. Needs no package.
import "./bootstrap/node-version.js";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { options, refusalOf, usage } from "./init/answers.js";
import { area, differences, transform } from "./init/transform.js";
import { namesOf } from "./scaffold/names.js";
import { git, isRepository, projectFiles } from "./scaffold/project-files.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  await init();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function init() {
  if (existsSync(join(root, ".template.json"))) throw new Error("init has run here already: see .template.json");
  const inGit = isRepository(root);
  if (inGit && git(root, "status", "--porcelain") !== "") {
    throw new Error("there are uncommitted changes: commit or stash them first, so that you can review what init does");
  }
  const answers = await readAnswers(inGit);
  const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const packages = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies });
  const refusal = refusalOf(answers, { exists: (path) => existsSync(join(root, path)), packages });
  if (refusal !== undefined) throw new Error(refusal);

  const before = new Map(projectFiles(root).flatMap((path) => readText(path)));
  const after = transform(before, answers);
  const { removed, changed, written } = differences(before, after);
  for (const path of removed) remove(path);
  for (const path of [...changed, ...written]) write(path, after.get(path) ?? "");
  report(answers, { removed, changed, written }, inGit);
}

/** @param {boolean} inGit @returns {Promise<import("./init/answers.js").Answers>} */
async function readAnswers(inGit) {
  const { values, positionals } = parse(process.argv.slice(2));
  if (positionals.length > 1) throw new Error(usage);
  const terminal = process.stdin.isTTY && !values.yes ? createInterface(process.stdin, process.stdout) : undefined;
  if (positionals.length === 0 && terminal === undefined) throw new Error(usage);
  /** @param {string} text @param {string} fallback */
  const ask = async (text, fallback) => (await terminal?.question(`${text} [${fallback}]: `))?.trim() || fallback;
  const name = positionals[0] ?? (await ask("Name of the service", "order-service"));
  const keepExample = values["keep-example"] ?? false;
  if (keepExample && values.domain !== undefined) throw new Error("--domain and --keep-example exclude each other");
  const domain = keepExample ? "" : (values.domain ?? (await ask("Your first domain, a plural noun", "orders")));
  const user = values.holder ?? (inGit ? userName() : "") ?? "";
  const holder = user !== "" ? user : `The ${name} authors`;
  const answers = {
    name,
    domain,
    database: values.database ?? namesOf(name).table,
    port: Number(values.port ?? 8000),
    holder: values.holder ?? (await ask("Copyright holder in LICENSE", holder)),
    date: values.date ?? new Date().toISOString().slice(0, 10),
  };
  terminal?.close();
  return answers;
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
}

function userName() {
  try {
    return git(root, "config", "user.name").trim();
  } catch {
    return "";
  }
}

/** Nothing for a picture. @param {string} path @returns {[path: string, text: string][]} */
function readText(path) {
  const bytes = readFileSync(join(root, path));
  return bytes.includes(0) ? [] : [[path, bytes.toString("utf8")]];
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  const file = join(root, path);
  const { mtime } = statSync(file, { throwIfNoEntry: false }) ?? {};
  // An existing file keeps its mode.
  writeFileSync(file, text);
  // The packages are the same: without this, the next command would install them again.
  if (path.endsWith("package-lock.json") && mtime !== undefined) utimesSync(file, mtime, mtime);
}

/** Removes a file, and its folders when they are empty then. @param {string} path */
function remove(path) {
  rmSync(join(root, path));
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    if (readdirSync(join(root, folder)).length > 0) return;
    rmdirSync(join(root, folder));
  }
}

/**
 * @param {import("./init/answers.js").Answers} answers
 * @param {ReturnType<typeof differences>} done
 * @param {boolean} inGit
 */
function report({ name, domain, port }, { removed, changed, written }, inGit) {
  for (const [what, paths] of Object.entries({ removed, wrote: written, changed })) {
    for (const where of new Set(paths.map(area))) {
      const count = paths.filter((path) => area(path) === where).length;
      console.log(`${what.padEnd(8)} ${where}${count > 1 ? ` (${count} files)` : ""}`);
    }
  }
  const path = domain === "" ? "/api/automations/marketplace" : `/api/${domain}`;
  console.log(`
This is ${name} now: ${removed.length} files removed, ${written.length} written, ${changed.length} changed.${inGit ? " Review them with git diff, then commit." : ""}

  npm run local      the service, its database and a page with its traces; or: docker compose up
  npm test           the tests
  curl -H 'X-API-Key: development-key' http://127.0.0.1:${port}${path}`);
}

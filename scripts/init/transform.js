// The template's files turned into those of a service. Works on texts, so that it can be tried without writing anything.
import { domainFiles, withDomain, withoutDomain } from "../scaffold/domain-files.js";
import { namesOf } from "../scaffold/names.js";
import { EXAMPLE, TEMPLATE } from "./answers.js";
import { cutBlocks } from "./blocks.js";

/** @typedef {import("./answers.js").Answers} Answers */

/** What only the template itself has: folders end with a slash. */
const ofTemplate = ["scripts/init.js", "scripts/init/", "test/init/", ".ci/", ".github/workflows/release.yml"];
const ofExample = [
  "scripts/bootstrap/example.js",
  "scripts/bootstrap/example-lines.js",
  `src/${EXAMPLE}/`,
  `test/${EXAMPLE}/`,
  "scripts/example/",
  "test/scripts/example/",
  "test/stack/example/",
];
/** Files that also name other projects. */
const untouched = /(?:^|\/)package-lock\.json$/;

/** The service's own; see .template.json for the version of the template. */
const changelog = `# Changelog

## [Unreleased]
`;

/**
 * @param {ReadonlyMap<string, string>} files text by path, of the template
 * @param {Answers} answers valid ones
 * @returns {Map<string, string>} text by path, of the service
 */
export function transform(files, answers) {
  const keepExample = answers.domain === "";
  const gone = keepExample ? ofTemplate : [...ofTemplate, ...ofExample];
  const result = new Map();
  for (const [path, text] of files) {
    if (gone.some((each) => (each.endsWith("/") ? path.startsWith(each) : path === each))) continue;
    result.set(path, untouched.test(path) ? text : ownText(path, text, answers));
  }
  /** @param {string} path @param {(text: string) => string} edit */
  const edit = (path, edit) => result.set(path, edit(result.get(path) ?? missing(path)));
  edit("package.json", (text) => ownPackage(text, answers));
  for (const path of ["package-lock.json", "test/bench/package-lock.json"])
    edit(path, (text) => ownLock(text, answers));
  if (!keepExample) {
    edit("test/stack/.mocharc.json", (text) => text.replaceAll(/^ +"test\/stack\/example\/[^"]*",\n/gm, ""));
  }
  edit("LICENSE", (text) => text.replace(/^(Copyright \(c\) \d+) .*$/m, `$1 ${answers.holder}`));
  edit("docker-compose.yml", (text) =>
    text
      .replace(/^( +MYSQL_DATABASE:) \w+$/m, `$1 ${answers.database}`)
      .replace(/(mysql:\/\/app:app@mysql:3306\/)[\w-]+/, `$1${answers.database}`),
  );
  const { version } = JSON.parse(files.get("package.json") ?? missing("package.json"));
  result.set("CHANGELOG.md", changelog);
  result.set(".template.json", `${JSON.stringify({ version, answers }, undefined, 2)}\n`);
  if (!keepExample) {
    edit("src/domains.ts", (text) => withDomain(withoutDomain(text, EXAMPLE), answers.domain));
    const added = domainFiles(answers.domain, { date: answers.date, migrations: [] });
    for (const [path, text] of added) result.set(path, text);
  }
  return result;
}

/** @param {string} path @param {string} text @param {Answers} answers */
function ownText(path, text, { name, domain, port }) {
  try {
    const words = name.replaceAll("-", " ");
    const cut = cutBlocks(text, domain === "").replaceAll("{{domain}}", () => domain);
    return (domain === "" || !path.endsWith(".md") ? cut : withOwnDomain(cut, domain))
      .replaceAll(TEMPLATE, () => name)
      .replaceAll("Koa service template", () => words.charAt(0).toUpperCase() + words.slice(1))
      .replaceAll(/(?<!\w|\d\.)8000(?!\w|\.\d)/g, String(port));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

/** What docs still say of the example is true of every domain: its folder, a route, a query. @param {string} text @param {string} domain */
function withOwnDomain(text, domain) {
  return text.replaceAll(new RegExp(`\\b${EXAMPLE}(?=\\.\\w)`, "g"), namesOf(domain).table).replaceAll(EXAMPLE, domain);
}

/** @param {string} text @param {Answers} answers */
function ownPackage(text, { name }) {
  const { scripts, ...rest } = JSON.parse(text);
  const { init, "test:init": testInit, ...kept } = scripts;
  const own = { ...rest, name, version: "0.1.0", description: "", scripts: kept };
  // The order of the keys stays.
  const ordered = Object.fromEntries(Object.keys(JSON.parse(text)).map((key) => [key, own[key]]));
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}

/** Only the project's own name and version: a dependency's stay. @param {string} text @param {Answers} answers */
function ownLock(text, { name }) {
  const lock = JSON.parse(text);
  lock.name = lock.name.replace(TEMPLATE, name);
  lock.packages[""].name = lock.name;
  if (lock.version !== undefined && lock.name === name) {
    lock.version = "0.1.0";
    lock.packages[""].version = "0.1.0";
  }
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

/** @param {string} path @returns {never} */
function missing(path) {
  throw new Error(`${path} is missing: is this a whole copy of the template?`);
}

/** What init did, for the terminal. @param {ReadonlyMap<string, string>} before @param {ReadonlyMap<string, string>} after */
export function differences(before, after) {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return {
    removed: paths.filter((path) => !after.has(path)),
    changed: paths.filter((path) => before.has(path) && after.has(path) && before.get(path) !== after.get(path)),
    written: paths.filter((path) => !before.has(path)),
  };
}

/** The folder or file under which a path is reported: two levels at most. @param {string} path */
export function area(path) {
  const [first = "", second, third] = path.split("/");
  return third === undefined ? path : `${first}/${second}/`;
}

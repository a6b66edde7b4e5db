// Writes a new domain: a folder with one table and its API in src, its tests in test, and its line in src/domains.ts.
import { readdirSync, readFileSync } from "node:fs";
import { migrationFile } from "./migration-file.js";
import { namesOf } from "./names.js";

const folder = new URL("domain/", import.meta.url);
const WIDTH = 120;

/**
 * @param {string} name a valid name
 * @param {{ date: string, migrations: readonly string[] }} options `date` as in 2026-12-01; the names of all migration files
 * @returns {Map<string, string>} text by path
 */
export function domainFiles(name, { date, migrations }) {
  const names = namesOf(name);
  const files = readdirSync(folder).map((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    const target = file.replace(/\.txt$/, "");
    const path =
      target === "migration.ts"
        ? `src/${name}/migrations/${migrationFile(name, date, migrations)}`
        : `${target.endsWith(".test.ts") ? "test" : "src"}/${name}/${target}`;
    return /** @type {const} */ ([path, filled(text, names)]);
  });
  return new Map(files);
}

/**
 * Adds a domain to the text of src/domains.ts, in biome's format.
 * @param {string} text @param {string} name
 */
export function withDomain(text, name) {
  const { code, path } = namesOf(name);
  const { before, imports, listed } = parse(text);
  return write(before, [...imports, `import { ${code} } from "./${path}/domain.ts";`], [...listed, code]);
}

/**
 * Removes a domain from the text of src/domains.ts.
 * @param {string} text @param {string} name
 */
export function withoutDomain(text, name) {
  const { code, path } = namesOf(name);
  const { before, imports, listed } = parse(text);
  return write(
    before,
    imports.filter((line) => !line.includes(`"./${path}/domain.ts"`)),
    listed.filter((each) => each !== code),
  );
}

const declaration = /^export const domains: readonly Domain\[\] = \[([^\]]*)\];\n/m;

/** @param {string} text */
function parse(text) {
  const found = declaration.exec(text);
  if (found === null) throw new Error("src/domains.ts has no line `export const domains: readonly Domain[] = […];`");
  const listed = (found[1] ?? "").split(",").map((code) => code.trim());
  const lines = text.slice(0, found.index).split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const before = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith("import ")),
  );
  return { before, imports, listed: listed.filter((code) => code !== "") };
}

/** @param {string[]} before @param {string[]} imports @param {string[]} listed */
function write(before, imports, listed) {
  const from = (/** @type {string} */ line) => line.slice(line.indexOf('"'));
  const sorted = imports.toSorted((one, other) => (from(one) < from(other) ? -1 : 1));
  const line = `export const domains: readonly Domain[] = [${listed.join(", ")}];`;
  const list =
    line.length <= WIDTH ? line : line.replace(/\[(\w.*)\];$/, `[\n${listed.map((code) => `  ${code},\n`).join("")}];`);
  return [...before, ...sorted, "", list, ""].join("\n");
}

/** @param {string} text @param {import("./names.js").Names} names */
function filled(text, names) {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, key) => {
    const value = new Map(Object.entries(names)).get(key);
    if (value === undefined) throw new Error(`there is no name {{${key}}}`);
    return value;
  });
}

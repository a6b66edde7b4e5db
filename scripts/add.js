// `npm run add -- domain NAME`: writes a new domain with its migration, schema, routes and tests, and lists it in src/domains.ts.
import "./bootstrap/node-version.js";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { domainFiles, withDomain } from "./scaffold/domain-files.js";
import { refusalOfDomain } from "./scaffold/names.js";
import { projectFiles } from "./scaffold/project-files.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [what, name, ...more] = process.argv.slice(2);
const refusal =
  what !== "domain" || name === undefined || more.length > 0
    ? "usage: npm run add -- domain NAME (a plural noun, as in order-items)"
    : refusalOfDomain(name, (path) => existsSync(join(root, path)));
if (refusal === undefined && name !== undefined) add(name);
else {
  console.error(refusal);
  process.exitCode = 1;
}

/** @param {string} name */
function add(name) {
  const list = join(root, "src", "domains.ts");
  const listed = withDomain(readFileSync(list, "utf8"), name);
  const migrations = projectFiles(root)
    .filter((path) => /^src\/[^/]+\/migrations\/[^/]+\.ts$/.test(path))
    .map((path) => basename(path));
  const files = domainFiles(name, { date: new Date().toISOString().slice(0, 10), migrations });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { flag: "wx" });
    console.log(`wrote   ${path}`);
  }
  writeFileSync(list, listed);
  console.log(`changed src/domains.ts

Its routes are /api/${name} and /api/${name}/:id. Its tests: npm test -- test/${name}/routes.test.ts`);
}

// Mocha adds the files of its command line to those of its configuration; here, files that are named are the only ones run.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The suites beside the usual one, each with a configuration of its own. */
const SUITES = ["stack", "overload", "faults", "neighbours", "bench"];

/**
 * @param {string} root the repository
 * @param {string[]} args the arguments of `npm test`
 * @returns {Promise<string[]>} those for mocha
 */
export async function mochaArguments(root, args) {
  const suite = SUITES.find((name) => args.includes(`--${name}`));
  const own = args.filter((arg) => arg !== `--${suite}`);
  const config = suite === undefined ? ".mocharc.json" : join("test", suite, ".mocharc.json");
  if (!own.some((arg) => /\.ts$/.test(arg) && !arg.startsWith("-"))) return ["--config", config, ...own];
  /** @type {Record<string, unknown>} */
  const { spec: _spec, ...options } = JSON.parse(await readFile(join(root, config), "utf8"));
  const flags = Object.entries(options).flatMap(([name, value]) => [value].flat().map((item) => `--${name}=${item}`));
  return ["--no-config", ...flags, ...own];
}

// Mocha adds files on the command line to those of its configuration. Here they replace them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Suites with their own configuration, besides the default one. */
const SUITES = ["stack", "overload", "faults", "neighbours", "bench", "init"];

/**
 * @param {string} root the repository
 * @param {string[]} args the arguments of `npm test`
 * @returns {Promise<string[]>} mocha's arguments
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

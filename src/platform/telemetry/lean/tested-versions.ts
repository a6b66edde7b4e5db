// The tested versions of the packages whose private names this folder uses. After an upgrade, run this folder's tests: if they
// pass, update the version here.
import { createRequire, findPackageJSON } from "node:module";

/** Tested major and minor version by package. */
const tested: Readonly<Record<string, string>> = {
  "@opentelemetry/sdk-trace": "3.1",
  "@opentelemetry/otlp-transformer": "0.301",
};

const require = createRequire(import.meta.url);

/** Describes the first package whose installed version isn't the tested one; undefined when all are. */
export function untestedVersion(): string | undefined {
  for (const [name, version] of Object.entries(tested)) {
    const path = findPackageJSON(name, import.meta.url);
    const installed = path === undefined ? "unknown" : String(require(path).version);
    if (!installed.startsWith(`${version}.`)) return `${name} is ${installed}, tested with ${version}`;
  }
  return undefined;
}

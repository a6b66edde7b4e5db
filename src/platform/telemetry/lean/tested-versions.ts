// The versions of the packages whose private names are used here. After an upgrade of one of them the tests of this folder say
// whether it still is as known; then its entry can follow.
import { createRequire, findPackageJSON } from "node:module";

/** By package, the major and minor version that the tests were run on. */
const tested: Readonly<Record<string, string>> = {
  "@opentelemetry/sdk-trace": "3.1",
  "@opentelemetry/otlp-transformer": "0.301",
};

const require = createRequire(import.meta.url);

/** Names the first package that is installed in another version than the tested one; undefined when there is none. */
export function untestedVersion(): string | undefined {
  for (const [name, version] of Object.entries(tested)) {
    const manifest: { version: string } = require(findPackageJSON(name, import.meta.url) ?? name);
    if (!manifest.version.startsWith(`${version}.`)) return `${name} is ${manifest.version}, tested is ${version}`;
  }
  return undefined;
}

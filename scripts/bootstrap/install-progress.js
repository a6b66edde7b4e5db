// Says how far `npm ci` is. npm itself prints nothing without a terminal, and a cold install takes a minute.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const INTERVAL_MS = 500;

/**
 * @param {string} root the folder that npm installs in
 * @param {(text: string) => void} note
 * @param {number} [intervalMs]
 */
export function followInstall(root, note, intervalMs = INTERVAL_MS) {
  const wanted = packagesOf(root);
  let most = 0;
  note("npm ci: starting");
  const timer = setInterval(() => {
    const present = wanted.filter((path) => existsSync(join(root, path, "package.json"))).length;
    const removing = most === 0 && present > 0 && present >= wanted.length - 1;
    if (removing) return;
    most = Math.max(most, present);
    if (most === 0) return note(`npm ci: fetching ${wanted.length} packages`);
    if (most < wanted.length) return note(`npm ci: ${most} of ${wanted.length} packages unpacked`);
    note("npm ci: running install scripts");
  }, intervalMs);
  return { stop: () => clearInterval(timer) };
}

/** The folders of the packages that this machine gets. @param {string} root @returns {string[]} */
export function packagesOf(root) {
  const libcOfThis = libcHere();
  /** @type {{ packages?: Record<string, { os?: string[], cpu?: string[], libc?: string[], link?: boolean }> }} */
  const { packages = {} } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(
      ([path, { os, cpu, libc }]) =>
        path !== "" && fits(os, process.platform) && fits(cpu, process.arch) && fits(libc, libcOfThis),
    )
    .map(([path]) => path);
}

/** @param {string[] | undefined} list of names, or of names with a leading "!" to exclude @param {string} own */
function fits(list, own) {
  if (list === undefined || list.length === 0) return true;
  if (list.includes(`!${own}`)) return false;
  return list.includes(own) || list.every((name) => name.startsWith("!"));
}

function libcHere() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report?.getReport() ?? {});
  return report.header?.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

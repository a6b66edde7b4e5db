// A MariaDB server from Debian's or Ubuntu's packages, unpacked into a cache folder: nothing is installed, and root is not needed.
// Uses the machine's package sources and signature checks as configured.
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "../command.js";
import { writeFailure, writing } from "../failure.js";
import { onceComplete } from "../once-complete.js";
import { downloadPackages } from "./apt.js";
import { findProgram, serverEdition } from "./binaries.js";
import { editionName } from "./edition.js";
import { Unavailable } from "./way.js";

/** @typedef {{ cache: string, env: NodeJS.ProcessEnv, signal: AbortSignal, note: (text: string) => void }} Options */
/** @typedef {import("./binaries.js").Binaries} Binaries */

/** @param {Options} options @returns {Promise<Binaries>} */
export async function binariesFromPackages(options) {
  const { cache, env, note } = options;
  const cached = await cachedBinaries(cache, env);
  if (cached !== undefined) return cached;
  const folders = (env.PATH ?? "").split(delimiter);
  if (!(await findProgram(["apt-get"], folders)) || !(await findProgram(["dpkg"], folders))) {
    throw new Unavailable("this is not Debian or Ubuntu");
  }
  const work = await writing(cache, async () => {
    await mkdir(cache, { recursive: true });
    return mkdtemp(join(cache, "apt-"));
  });
  try {
    const edition = await downloadPackages(work, options);
    note(`unpacking ${editionName(edition)}`);
    await onceComplete(join(cache, `mariadb-${edition.version}`), (folder) =>
      unpack(join(work, "debs"), folder, options),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const fetched = await cachedBinaries(cache, env);
  if (fetched === undefined)
    throw new Unavailable(`the unpacked server does not run on this machine: try again without ${cache}`);
  return fetched;
}

/** @param {string} debs @param {string} folder @param {Options} options */
async function unpack(debs, folder, { signal }) {
  for (const deb of await readdir(debs)) {
    const { code, output } = await run("dpkg", ["-x", join(debs, deb), folder], { signal, timeoutMs: 120_000 });
    if (code !== 0) throw writeFailure(folder, output) ?? new Unavailable(`${deb} cannot be unpacked: ${output}`);
  }
  for (const name of ["doc", "man"]) await rm(join(folder, "usr/share", name), { recursive: true, force: true });
}

/** @param {string} cache @param {NodeJS.ProcessEnv} env @returns {Promise<Binaries | undefined>} the newest one that runs */
export async function cachedBinaries(cache, env) {
  const names = (await readdir(cache).catch(() => [])).filter((name) => /^mariadb-[\d.]+$/.test(name));
  const newestFirst = names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const name of newestFirst) {
    const baseFolder = join(cache, name, "usr");
    const libraries = (await readdir(join(baseFolder, "lib")).catch(() => [])).filter((folder) =>
      folder.endsWith("-linux-gnu"),
    );
    const withLibraries = {
      ...env,
      LD_LIBRARY_PATH: libraries.map((folder) => join(baseFolder, "lib", folder)).join(delimiter),
    };
    const server = join(baseFolder, "sbin/mariadbd");
    const edition = await serverEdition(server, withLibraries);
    if (edition !== undefined) {
      return { server, installer: join(baseFolder, "bin/mariadb-install-db"), baseFolder, env: withLibraries, edition };
    }
  }
  return undefined;
}

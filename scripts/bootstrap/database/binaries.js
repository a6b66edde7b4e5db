// A database server's programs: how to find and run them, and their edition.
import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.js";
import { parseEdition } from "./edition.js";

/**
 * @typedef {object} Binaries
 * @property {string} server path of mysqld or mariadbd
 * @property {string} [installer] path of mariadb-install-db, which creates MariaDB's data folder
 * @property {string} [baseFolder] folder of the programs' own files, if not where they were built for
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./edition.js").Edition} edition
 */

/** @param {string} server @param {NodeJS.ProcessEnv} env @returns {Promise<import("./edition.js").Edition | undefined>} */
export async function serverEdition(server, env) {
  const result = await run(server, ["--version"], { env, timeoutMs: 10_000 }).catch(() => undefined);
  return result?.code === 0 ? parseEdition(result.stdout) : undefined;
}

/**
 * Keeps the configuration of the machine's server (/etc/mysql) away from ours. It must be the first option, so it does not work
 * with a wrapper script that adds its own.
 * @param {string} server
 * @returns {Promise<string[]>}
 */
export async function noDefaults(server) {
  const file = await open(server);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString("latin1") === "#!" ? [] : ["--no-defaults"];
  } finally {
    await file.close();
  }
}

/** As root, the server refuses to start without --user. */
export function asUser() {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/**
 * @param {string[]} names
 * @param {string[]} folders
 * @returns {Promise<string | undefined>} the first executable, by name, then by folder
 */
export async function findProgram(names, folders) {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return undefined;
}

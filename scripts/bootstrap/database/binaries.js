// The server's programs, wherever they came from: how to run them and what they are.
import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.js";
import { parseEdition } from "./edition.js";

/**
 * @typedef {object} Binaries
 * @property {string} server path of mysqld or mariadbd
 * @property {string} [installer] path of mariadb-install-db, which makes MariaDB's data folder
 * @property {string} [baseFolder] where the programs' own files are, when that is not where they were built for
 * @property {NodeJS.ProcessEnv} env
 * @property {import("./edition.js").Edition} edition
 */

/** @param {string} server @param {NodeJS.ProcessEnv} env @returns {Promise<import("./edition.js").Edition | undefined>} */
export async function serverEdition(server, env) {
  const result = await run(server, ["--version"], { env, timeoutMs: 10_000 }).catch(() => undefined);
  return result?.code === 0 ? parseEdition(result.stdout) : undefined;
}

/**
 * Options of the machine's own server (/etc/mysql) must not reach ours. The option has to be the first one, so a script
 * that starts the server with options of its own cannot be given it.
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

/** A server that is started by root refuses to run unless it is told which user to be. */
export function asUser() {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/**
 * @param {string[]} names
 * @param {string[]} folders
 * @returns {Promise<string | undefined>} the first that can be executed, by name, then by folder
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

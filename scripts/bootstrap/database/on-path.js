// A server that is installed on this machine. Uses its programs, never its configuration or data.
import { delimiter } from "node:path";
import { findProgram, serverEdition } from "./binaries.js";
import { editionName, isSupported } from "./edition.js";
import { Unavailable } from "./way.js";

/** Debian installs servers outside an ordinary user's PATH. */
const MORE_FOLDERS = ["/usr/sbin", "/usr/local/sbin"];

/** @param {NodeJS.ProcessEnv} env @returns {Promise<import("./binaries.js").Binaries>} */
export async function binariesOnPath(env) {
  const folders = [...(env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""), ...MORE_FOLDERS];
  /** @type {string[]} */
  const rejected = [];
  for (const name of ["mysqld", "mariadbd"]) {
    const server = await findProgram([name], folders);
    if (server === undefined) continue;
    const edition = await serverEdition(server, env);
    if (edition === undefined) rejected.push(`${server} does not run`);
    else if (!isSupported(edition)) rejected.push(`${server} is ${editionName(edition)}, which is too old`);
    else {
      const installer = await findProgram(["mariadb-install-db"], folders);
      return { server, env, edition, ...(installer === undefined ? {} : { installer }) };
    }
  }
  throw new Unavailable(rejected.join(", ") || "not found");
}

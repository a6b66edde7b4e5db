// The one place that says where a database comes from, and in which order; used by `npm run local` and by `npm test`.
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.js";
import { openContainer } from "./container.js";
import { editionName } from "./edition.js";
import { openGiven } from "./given.js";
import { binariesOnPath } from "./on-path.js";
import { binariesFromPackages } from "./packages.js";
import { startServer } from "./server.js";
import { firstThatWorks } from "./way.js";

/** @typedef {import("./way.js").Database} Database */
/** @typedef {import("./way.js").Way} Way */
/** @typedef {"path" | "container" | "packages"} Source */

/**
 * @typedef {object} OpenOptions
 * @property {NodeJS.ProcessEnv} env MYSQL_URL names a server to use; MYSQL_FROM=path|container|packages allows one way only
 * @property {string | undefined} keepIn the folder for data that is kept; undefined for a throw-away server
 * @property {AbortSignal} signal
 * @property {import("../keeper.js").Keeper | undefined} keeper
 * @property {(text: string) => void} note
 * @property {string[]} [serverOptions] more of the server's command line
 * @property {string} [mount] a folder that a container sees too, at the same path
 */

/** @param {OpenOptions} options @returns {Promise<Database>} a server that answers */
export async function openDatabase(options) {
  const { MYSQL_URL, MYSQL_FROM } = options.env;
  if (MYSQL_URL) return openGiven(MYSQL_URL);
  return firstThatWorks(chooseWays(MYSQL_FROM, waysOfThisMachine(options)), options.note);
}

/** @param {Database} database @returns {string} what it is and where it comes from */
export function describeDatabase({ edition, from }) {
  return `${editionName(edition)} (${from})`;
}

/**
 * @param {string | undefined} only the value of MYSQL_FROM
 * @param {Record<Source, Way>} ways
 * @returns {Way[]} in the order in which they are tried
 */
export function chooseWays(only, ways) {
  const inOrder = [ways.path, ways.container, ways.packages];
  if (!only) return inOrder;
  if (only === "path" || only === "container" || only === "packages") return [ways[only]];
  throw new Failure(`MYSQL_FROM is "${only}": it takes path, container or packages.`);
}

/** @param {OpenOptions} options @returns {Record<Source, Way>} */
function waysOfThisMachine(options) {
  const { env, signal, note } = options;
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "koa-service-template");
  /** @param {import("./binaries.js").Binaries} binaries @param {string} origin @returns {Promise<Database>} */
  async function start(binaries, origin) {
    note(`starting ${editionName(binaries.edition)}`);
    const { url, port, child } = await startServer(binaries, { ...options, cache });
    return { url, edition: binaries.edition, from: `${origin}, port ${port}`, child };
  }
  return {
    path: {
      name: "mysqld or mariadbd on PATH",
      open: async () => {
        const binaries = await binariesOnPath(env);
        return start(binaries, binaries.server);
      },
    },
    container: { name: "a container", open: () => openContainer(options) },
    packages: {
      name: "packages of this system, unpacked",
      open: async () => start(await binariesFromPackages({ cache, env, signal, note }), "unpacked packages"),
    },
  };
}

// Finds a database, trying several sources in order. Used by `npm run local`, `npm test` and `npm run scenario`.
import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../failure.js";
import { serviceName } from "../package.js";
import { openContainer } from "./container.js";
import { editionName } from "./edition.js";
import { openFromUrl } from "./from-url.js";
import { binariesOnPath } from "./on-path.js";
import { binariesFromPackages } from "./packages.js";
import { startServer } from "./server.js";
import { firstThatWorks } from "./way.js";

/** @typedef {import("./way.js").Database} Database */
/** @typedef {import("./way.js").Way} Way */
/** @typedef {"path" | "container" | "packages"} Source */

/**
 * @typedef {object} OpenOptions
 * @property {NodeJS.ProcessEnv} env MYSQL_URL names a server to use; MYSQL_FROM=path|container|packages allows a single source
 * @property {string | undefined} keepIn folder for data to keep; undefined for a throw-away server
 * @property {AbortSignal} signal
 * @property {import("../keeper.js").Keeper | undefined} keeper
 * @property {(text: string) => void} note
 * @property {string[]} [serverOptions] additional server options
 * @property {string} [mount] a folder to mount into a container at the same path
 */

/** @param {OpenOptions} options @returns {Promise<Database>} a server that responds */
export async function openDatabase(options) {
  const { MYSQL_URL, MYSQL_FROM } = options.env;
  if (MYSQL_URL) return openFromUrl(MYSQL_URL);
  return firstThatWorks(chooseWays(MYSQL_FROM, waysOfThisMachine(options)), options.note);
}

/** @param {Database} database @returns {string} its edition and source */
export function describeDatabase({ edition, from }) {
  return `${editionName(edition)} (${from})`;
}

/**
 * @param {string | undefined} only the value of MYSQL_FROM
 * @param {Record<Source, Way>} ways
 * @returns {Way[]} in the order to try them
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
  const cache = join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), serviceName);
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

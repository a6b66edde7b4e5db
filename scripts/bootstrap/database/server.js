// Starts a private database server: its own port on loopback, its own folders, small buffers.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../child.js";
import { writeFailure, writing } from "../failure.js";
import { freePort } from "../ports.js";
import { asUser, noDefaults } from "./binaries.js";
import { ensureDataFolder } from "./data-folder.js";
import { untilAnswering } from "./login.js";
import { claimFolder } from "./stale.js";
import { Unavailable } from "./way.js";

/** The development account; the server listens on loopback only. */
const USER = "service";
const PASSWORD = "development";
const DATABASE = "service";

/**
 * @typedef {object} ServerOptions
 * @property {string} cache folder for files that can be created again
 * @property {string | undefined} keepIn folder for data that outlives the server; undefined for a throw-away server
 * @property {AbortSignal} signal
 * @property {import("../keeper.js").Keeper | undefined} keeper
 * @property {string[]} [serverOptions] additional server options
 */

/**
 * @param {import("./binaries.js").Binaries} binaries
 * @param {ServerOptions} options
 * @returns {Promise<{ url: string, port: number, child: import("../child.js").Child }>} once it responds
 */
export async function startServer(binaries, { cache, keepIn, signal, keeper, serverOptions = [] }) {
  const { server, edition, baseFolder, env } = binaries;
  // a socket path is limited to 107 bytes, so it is never inside the repository
  const runFolder = await writing(tmpdir(), () => mkdtemp(join(tmpdir(), "koa-db-")));
  keeper?.removeAfterwards(runFolder);
  const removeRunFolder = () => rm(runFolder, { recursive: true, force: true });
  try {
    // a server only opens data of its own kind and series
    const home = keepIn === undefined ? runFolder : join(keepIn, `${edition.kind}-${edition.major}.${edition.minor}`);
    await writing(home, () => mkdir(home, { recursive: true }));
    const data = join(home, "data");
    const pidFile = await claimFolder(home, data);
    await ensureDataFolder(data, binaries, { cache, signal });
    const port = await freePort();
    const child = startChild({
      file: server,
      args: [
        ...(await noDefaults(server)),
        ...(baseFolder === undefined ? [] : [`--basedir=${baseFolder}`]),
        `--datadir=${data}`,
        `--pid-file=${pidFile}`,
        `--socket=${join(runFolder, "socket")}`,
        `--init-file=${await writeAccount(runFolder)}`,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        ...developmentOptions(edition.kind),
        ...serverOptions,
        ...asUser(),
      ],
      env,
      stopLimitMs: 20_000,
      cleanUp: removeRunFolder,
      keeper,
    });
    const url = `mysql://${USER}:${PASSWORD}@127.0.0.1:${port}/${DATABASE}`;
    try {
      if (await untilAnswering(url, { signal, limitMs: 60_000, hasEnded: child.hasEnded })) return { url, port, child };
      const failure = writeFailure(data, child.lastOutput());
      throw failure ?? new Unavailable(`${server} did not start:\n${child.lastOutput()}`);
    } catch (error) {
      await child.stop();
      throw error;
    }
  } catch (error) {
    await removeRunFolder();
    throw error;
  }
}

/** @param {"mysql" | "mariadb"} kind @returns {string[]} also used for the server in a container */
export function developmentOptions(kind) {
  return [
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=2", // a power cut may cost a second of development data
    "--performance-schema=OFF", // a few hundred MB of memory; MariaDB's default
    "--skip-log-bin",
    ...(kind === "mysql" ? ["--mysqlx=OFF", "--innodb-redo-log-capacity=32M"] : ["--innodb-log-file-size=32M"]),
  ];
}

/** @param {string} folder @returns {Promise<string>} a file of statements that the server runs at startup */
async function writeAccount(folder) {
  const file = join(folder, "account.sql");
  const statements = `CREATE DATABASE IF NOT EXISTS ${DATABASE};
CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';
GRANT ALL ON *.* TO '${USER}'@'%' WITH GRANT OPTION;
`;
  await writing(file, () => writeFile(file, statements));
  return file;
}

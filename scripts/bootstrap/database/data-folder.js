// Data folders. Creating an empty one takes seconds, so it happens once per version; later runs copy it.
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.js";
import { writeFailure, writing } from "../failure.js";
import { onceComplete } from "../once-complete.js";
import { asUser, noDefaults } from "./binaries.js";
import { Unavailable } from "./way.js";

/** @typedef {import("./binaries.js").Binaries} Binaries */

/**
 * Makes `folder` a data folder for these binaries, unless it already is.
 * @param {string} folder
 * @param {Binaries} binaries
 * @param {{ cache: string, signal: AbortSignal }} options `cache` holds the copies
 */
export async function ensureDataFolder(folder, binaries, { cache, signal }) {
  const { kind, version } = binaries.edition;
  const template = join(cache, `data-${kind}-${version}`);
  await writing(template, () => onceComplete(template, (unfinished) => initialise(unfinished, binaries, signal)));
  await writing(folder, () => onceComplete(folder, (unfinished) => cp(template, unfinished, { recursive: true })));
}

/** @param {string} folder @param {Binaries} binaries @param {AbortSignal} signal */
async function initialise(folder, { server, installer, baseFolder, edition, env }, signal) {
  await mkdir(folder);
  const base = baseFolder === undefined ? [] : [`--basedir=${baseFolder}`];
  const common = [...base, `--datadir=${folder}`, ...asUser()];
  if (edition.kind === "mariadb" && installer === undefined) {
    throw new Unavailable(`mariadb-install-db is missing next to ${server}`);
  }
  // the log is allocated in full: a small one is quicker to create and copy
  const [program, args] =
    edition.kind === "mysql" || installer === undefined
      ? [server, [...(await noDefaults(server)), ...common, "--initialize-insecure", "--innodb-redo-log-capacity=32M"]]
      : [installer, ["--no-defaults", "--force", ...common, "--skip-test-db", "--innodb-log-file-size=32M"]];
  const { code, output } = await run(program, args, { env, signal, timeoutMs: 120_000 });
  if (code === 0) return;
  throw (
    writeFailure(folder, output) ?? new Unavailable(`${program} could not create a data folder:\n${lastLines(output)}`)
  );
}

/** @param {string} output */
function lastLines(output) {
  return output.split("\n").slice(-8).join("\n");
}

// Downloads the packages of a MariaDB server with this system's apt-get, using its sources and signature checks, without root.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../command.js";
import { isSupported, parseEdition } from "./edition.js";
import { Unavailable } from "./way.js";

/** The server and the programs that its installer calls. */
const PACKAGES = ["mariadb-server-core", "mariadb-client-core"];
const NETWORK_LIMIT_MS = 240_000;

/** @typedef {import("./edition.js").Edition} Edition */
/** @typedef {(...args: string[]) => ReturnType<typeof run>} Apt */

/**
 * Uses the machine's package lists, or fresh ones in a private folder when those are missing or too old.
 * @param {string} work a folder for apt-get's files; the packages end up in `debs` in it
 * @param {{ env: NodeJS.ProcessEnv, signal: AbortSignal, note: (text: string) => void }} options
 * @returns {Promise<Edition>} what was downloaded
 */
export async function downloadPackages(work, { env, signal, note }) {
  await Promise.all(["lists/partial", "cache", "debs"].map((name) => mkdir(join(work, name), { recursive: true })));
  const common = [
    `Dir::Cache=${work}/cache`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
    "Acquire::Retries=2",
  ];
  /** @type {(settings: string[]) => Apt} */
  const aptWith =
    (settings) =>
    (...args) =>
      run("apt-get", ["-q", ...settings.flatMap((setting) => ["-o", setting]), ...args], {
        cwd: join(work, "debs"),
        env: { ...env, LC_ALL: "C" },
        signal,
        timeoutMs: NETWORK_LIMIT_MS,
      });
  const fromMachine = await planAndFetch(aptWith(common), note);
  if (typeof fromMachine !== "string") return fromMachine;

  note("reading the package lists");
  const apt = aptWith([...common, `Dir::State::Lists=${work}/lists`]);
  const update = await apt("update", "-o", "APT::Update::Error-Mode=any");
  if (update.code !== 0) throw new Unavailable(`the package lists cannot be read: ${complaints(update.output)}`);
  const fromFresh = await planAndFetch(apt, note);
  if (typeof fromFresh === "string") throw new Unavailable(fromFresh);
  return fromFresh;
}

/**
 * @param {Apt} apt
 * @param {(text: string) => void} note
 * @returns {Promise<Edition | string>} the edition, or the reason why it failed
 */
async function planAndFetch(apt, note) {
  // lists what is missing on this machine; --reinstall includes our packages even when they are installed
  const plan = await apt("install", "--simulate", "--reinstall", "--no-install-recommends", ...PACKAGES);
  const planned = new Map(
    [...plan.stdout.matchAll(/^Inst (\S+) .*?\((\S+)/gm)].map(([, name = "", version = ""]) => [name, version]),
  );
  // the version may have an epoch (1:)
  const version = planned.get(PACKAGES[0] ?? "")?.replace(/^\d+:/, "");
  if (plan.code !== 0 || version === undefined)
    return `apt-get does not know ${PACKAGES[0]}: ${complaints(plan.output)}`;
  const edition = parseEdition(`MariaDB ${version}`);
  if (edition === undefined || !isSupported(edition))
    throw new Unavailable(`MariaDB ${version} of this system is too old`);
  note(`downloading ${planned.size} packages of MariaDB ${edition.version}`);
  const fetched = await apt("download", ...planned.keys());
  return fetched.code === 0 ? edition : `apt-get cannot download: ${complaints(fetched.output)}`;
}

/** @param {string} output of apt-get @returns {string} */
function complaints(output) {
  const lines = output.split("\n").filter((line) => /^[EW]: /.test(line));
  return [...new Set(lines)].slice(0, 4).join("\n    ");
}

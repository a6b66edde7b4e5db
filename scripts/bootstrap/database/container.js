// A server in a container, if a Docker engine responds and has the image or can pull it.
import { createHash, randomUUID } from "node:crypto";
import { startChild } from "../child.js";
import { run } from "../command.js";
import { serviceName } from "../package.js";
import { isAlive } from "../pid.js";
import { freePort } from "../ports.js";
import { untilAnswering } from "./login.js";
import { developmentOptions } from "./server.js";
import { Unavailable } from "./way.js";

/** The image that docker-compose.yml uses. */
const IMAGE = "mysql:9.7";
const PULL_LIMIT_MS = 180_000;
const OWNER_LABEL = `${serviceName}.owner`;
const PASSWORD = "development";
const DATABASE = "service";

/**
 * @param {Omit<import("./server.js").ServerOptions, "cache"> & { note: (text: string) => void, mount?: string }} options
 * @returns {Promise<import("./way.js").Database>}
 */
export async function openContainer({ keepIn, signal, keeper, note, serverOptions = [], mount }) {
  await requireEngine(signal);
  await requireImage(signal, note);
  await removeOrphans(signal);
  const port = await freePort();
  const name = `${serviceName}-${randomUUID()}`;
  // a volume, not a folder, because the server runs as a different user in the container
  const storage = keepIn === undefined ? ["--tmpfs=/var/lib/mysql"] : [`--volume=${volumeName(keepIn)}:/var/lib/mysql`];
  const child = startChild({
    file: "docker",
    args: [
      ...["run", "--rm", `--name=${name}`, `--label=${ownerLabel(process.pid)}`, "--pull=never", ...storage],
      ...[
        `--publish=127.0.0.1:${port}:3306`,
        `--env=MYSQL_ROOT_PASSWORD=${PASSWORD}`,
        `--env=MYSQL_DATABASE=${DATABASE}`,
      ],
      ...(mount === undefined ? [] : [`--volume=${mount}:${mount}:ro`]),
      ...[IMAGE, ...developmentOptions("mysql"), ...serverOptions],
    ],
    stopLimitMs: 20_000,
    cleanUp: async () => {
      // the container only remains when the docker client was killed
      await run("docker", ["rm", "--force", "--volumes", name], { timeoutMs: 20_000 }).catch(() => undefined);
    },
    keeper,
  });
  const url = `mysql://root:${PASSWORD}@127.0.0.1:${port}/${DATABASE}`;
  try {
    const edition = await untilAnswering(url, { signal, limitMs: 120_000, hasEnded: child.hasEnded });
    if (edition !== undefined) return { url, edition, from: `container of ${IMAGE}`, child };
    throw new Unavailable(`the container of ${IMAGE} did not start:\n${child.lastOutput()}`);
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** @param {AbortSignal} signal */
async function requireEngine(signal) {
  const result = await run("docker", ["info", "--format={{.ServerVersion}}"], { signal, timeoutMs: 5000 }).catch(() => {
    signal.throwIfAborted();
  });
  if (result?.code !== 0) throw new Unavailable("no Docker engine responds");
}

/** @param {AbortSignal} signal @param {(text: string) => void} note */
async function requireImage(signal, note) {
  const inspected = await run("docker", ["image", "inspect", IMAGE], { signal, timeoutMs: 10_000 });
  if (inspected.code === 0) return;
  const pulled = await run("docker", ["pull", IMAGE], {
    signal,
    timeoutMs: PULL_LIMIT_MS,
    onLine: (line) => note(`docker pull ${IMAGE}: ${line}`),
  }).catch(() => {
    signal.throwIfAborted();
  });
  if (pulled?.code !== 0) throw new Unavailable(`the image ${IMAGE} cannot be pulled`);
}

/** Removes containers of runs that were killed together with their docker client. @param {AbortSignal} signal */
async function removeOrphans(signal) {
  const format = `--format={{.ID}} {{.Label "${OWNER_LABEL}"}}`;
  const { stdout } = await run("docker", ["ps", "--all", `--filter=label=${OWNER_LABEL}`, format], { signal });
  for (const line of stdout.split("\n").filter(Boolean)) {
    const [id = "", owner] = line.split(" ");
    if (!isAlive(Number(owner))) await run("docker", ["rm", "--force", id], { signal });
  }
}

/** @param {number} pid @returns {string} label of the containers that this process started */
export function ownerLabel(pid) {
  return `${OWNER_LABEL}=${pid}`;
}

/** @param {string} folder @returns {string} unique per clone of the repository */
export function volumeName(folder) {
  return `${serviceName}-${createHash("sha256").update(folder).digest("hex").slice(0, 8)}`;
}

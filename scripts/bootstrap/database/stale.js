// Stops a server that a killed run left on the data folder, but only if it is provably ours: the process in the pid file uses our
// data folder, and the run that started it is gone.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure, writing } from "../failure.js";
import { commandLine, isAlive, readPid } from "../pid.js";

/**
 * @param {string} home parent of the data folder
 * @param {string} data
 * @returns {Promise<string>} pid file for the new server
 * @throws {Failure} when another run is using the folder
 */
export async function claimFolder(home, data) {
  const pidFile = join(home, "server.pid");
  const ownerFile = join(home, "owner.pid");
  const server = await readPid(pidFile);
  if (server !== undefined && (await commandLine(server)).split(" ").includes(`--datadir=${data}`)) {
    const owner = await readPid(ownerFile);
    if (
      owner !== undefined &&
      owner !== process.pid &&
      /\bscripts\/(local|test)\.js\b/.test(await commandLine(owner))
    ) {
      throw new Failure(`Another run (process ${owner}) uses ${home}: stop it first.`);
    }
    await stop(server);
  }
  await writing(ownerFile, () => writeFile(ownerFile, `${process.pid}\n`));
  return pidFile;
}

/** @param {number} pid */
async function stop(pid) {
  process.kill(pid, "SIGTERM");
  for (const deadline = Date.now() + 20_000; isAlive(pid); await sleep(50)) {
    if (Date.now() > deadline) return void process.kill(pid, "SIGKILL");
  }
}

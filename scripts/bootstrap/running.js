// Remembers where `npm run local` of this clone runs, for a second one to say so. A record counts only while the process that
// wrote it lives: pids are reused, so the time at which that process was born is part of it.
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command.js";
import { Failure, writing } from "./failure.js";
import { isAlive } from "./pid.js";

/** @typedef {{ pid: number, born: string, service: string, traces: string, ports: number[] }} Running */

/**
 * @param {string} folder of the records
 * @param {{ service: string, traces: string, ports: number[] }} own where this run will be
 * @returns {Promise<() => Promise<void>>} removes the record
 * @throws {Failure} when another run uses one of the ports
 */
export async function claimRun(folder, own) {
  for (const other of await livingRuns(folder)) {
    if (!other.ports.some((port) => own.ports.includes(port))) continue;
    throw new Failure(
      `It already runs: service ${other.service}, traces ${other.traces}, process ${other.pid} (stop it with Ctrl-C there, or kill ${other.pid}).`,
    );
  }
  const file = join(folder, `${process.pid}.json`);
  const record = JSON.stringify({ pid: process.pid, born: await birthOf(process.pid), ...own });
  await writing(folder, async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(file, record);
  });
  return () => rm(file, { force: true });
}

/** Removes the records of runs that have ended. @param {string} folder @returns {Promise<Running[]>} */
async function livingRuns(folder) {
  /** @type {Running[]} */
  const living = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const file = join(folder, name);
    const record = await readRecord(file);
    if (record !== undefined && isAlive(record.pid) && (await birthOf(record.pid)) === record.born) living.push(record);
    else await rm(file, { force: true });
  }
  return living;
}

/** @param {string} file @returns {Promise<Running | undefined>} undefined for one that an ended run left half written */
async function readRecord(file) {
  try {
    const record = JSON.parse(await readFile(file, "utf8"));
    return Number.isInteger(record.pid) && Array.isArray(record.ports) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** @param {number} pid @returns {Promise<string>} when the process started, in words of the system; empty if that is unknown */
export async function birthOf(pid) {
  try {
    // The name in parentheses may contain spaces; the start time is the 20th field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    const ps = await run("ps", ["-o", "lstart=", "-p", String(pid)], { timeoutMs: 5000 }).catch(() => undefined);
    return ps?.stdout.trim() ?? "";
  }
}

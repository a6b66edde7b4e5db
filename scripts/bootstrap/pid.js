// Tells a live process from a number in a file: a pid alone proves nothing, since numbers are used again.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { run } from "./command.js";

/** @param {number} pid @returns {boolean} */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return !isZombie(pid);
}

/** In a container whose first process collects nobody, an orphan that has ended keeps its number. @param {number} pid */
function isZombie(pid) {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false; // a system without /proc has a first process that collects
  }
}

/** @param {number} pid @returns {Promise<string>} its arguments separated by spaces; empty when it is gone */
export async function commandLine(pid) {
  const fromProc = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (fromProc !== undefined) return fromProc.replaceAll("\0", " ").trim();
  const ps = await run("ps", ["-o", "command=", "-p", String(pid)], { timeoutMs: 5000 }).catch(() => undefined);
  return ps?.stdout.trim() ?? "";
}

/** @param {string} file @returns {Promise<number | undefined>} the pid that `file` holds */
export async function readPid(file) {
  const text = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

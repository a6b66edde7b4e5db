// Checks which process a pid belongs to: pids are reused, so a pid alone proves nothing.
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

/** An ended orphan keeps its pid in a container whose first process does not reap. @param {number} pid */
function isZombie(pid) {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false; // systems without /proc have a first process that reaps
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

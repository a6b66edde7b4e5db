// Runs a command to completion and returns its output. It gets its own process group, so that its children die with it on a
// timeout or Ctrl-C.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @typedef {object} CommandOptions
 * @property {AbortSignal} [signal] kills the command and rejects with its reason
 * @property {number} [timeoutMs] kills the command and rejects
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(line: string) => void} [onLine] receives each line of stdout and stderr
 */

/**
 * @param {string} file
 * @param {string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{ code: number | null, stdout: string, output: string }>} `output` is stdout and stderr; rejects when the
 *   command cannot start or is killed here, not for an exit code other than 0
 */
export async function run(file, args, { signal, timeoutMs, cwd, env, onLine } = {}) {
  signal?.throwIfAborted();
  const child = spawn(file, args, { cwd, env: env ?? process.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  /** @type {string[]} */
  const stdout = [];
  /** @type {string[]} */
  const output = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout.push(line);
    output.push(line);
    onLine?.(line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    output.push(line);
    onLine?.(line);
  });
  let timedOut = false;
  const giveUp = () => signalGroup(child.pid, "SIGKILL");
  const timer = setTimeout(() => {
    timedOut = true;
    giveUp();
  }, timeoutMs ?? LONGEST_TIMER_MS);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    /** @type {number | null} */
    const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    signal?.throwIfAborted();
    if (timedOut) throw new Error(`${file} took longer than ${timeoutMs} ms`);
    return { code, stdout: stdout.join("\n"), output: output.join("\n") };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

/**
 * Signals a whole process group, if it still exists.
 * @param {number | undefined} leaderPid
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(leaderPid, signal) {
  if (leaderPid === undefined) return;
  try {
    process.kill(-leaderPid, signal);
  } catch {
    // the group has ended
  }
}

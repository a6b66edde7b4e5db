// Runs a command to its end and returns what it printed. It gets a process group of its own, so that a command that is
// given up (timeout, Ctrl-C) takes its own children with it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @typedef {object} CommandOptions
 * @property {AbortSignal} [signal] ends the command; its reason is thrown
 * @property {number} [timeoutMs] ends the command; an error is thrown
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(line: string) => void} [onLine] each line of both outputs as it comes
 */

/**
 * @param {string} file
 * @param {string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{ code: number | null, stdout: string, output: string }>} `output` is both outputs; rejects when the
 *   command cannot be started or is given up, not when it exits with another code than 0
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
 * Signals a whole process group; one that is gone already is fine.
 * @param {number | undefined} leaderPid
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(leaderPid, signal) {
  if (leaderPid === undefined) return;
  try {
    process.kill(-leaderPid, signal);
  } catch {
    // no such group: it has ended
  }
}

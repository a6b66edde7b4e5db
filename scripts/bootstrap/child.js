// Starts a long-running program, keeps its last output and stops it reliably.
// It gets its own process group, so that Ctrl-C only reaches the supervisor, which stops all programs in order.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { signalGroup } from "./command.js";

/** Lines of output to keep for the message about an unexpected exit. */
const TAIL_LINES = 20;

/**
 * @typedef {object} ChildOptions
 * @property {string} file
 * @property {string[]} args
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [stopLimitMs] time between SIGTERM and SIGKILL
 * @property {(line: string, stream: "stdout" | "stderr") => void} [onLine]
 * @property {() => Promise<void>} [cleanUp] runs once after its end, for any reason
 * @property {import("./keeper.js").Keeper | undefined} [keeper]
 */

/** @typedef {ReturnType<typeof startChild>} Child */

/** @param {ChildOptions} options */
export function startChild({ file, args, cwd, env, stopLimitMs = 10_000, onLine, cleanUp, keeper }) {
  const child = spawn(file, args, { cwd, env: env ?? process.env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid !== undefined) keeper?.watch(pid);
  /** @type {string[]} */
  const tail = [];
  for (const stream of /** @type {const} */ (["stdout", "stderr"])) {
    createInterface({ input: child[stream] }).on("line", (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      onLine?.(line, stream);
    });
  }
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const outputClosed = new Promise((resolve) => child.once("close", resolve));
  let over = false;
  const exited = ended.then(async (how) => {
    over = true;
    signalGroup(pid, "SIGKILL"); // its remaining children
    if (pid !== undefined) keeper?.forget(pid);
    // its last lines may still arrive
    await Promise.race([outputClosed, sleep(200, undefined, { ref: false })]);
    await cleanUp?.();
    return how;
  });

  return {
    pid,
    /** Resolves to how it ended, after `cleanUp`. */
    exited,
    /** @returns {boolean} */
    hasEnded: () => over,
    /** @returns {string} its last output */
    lastOutput: () => tail.join("\n"),
    /** Sends SIGTERM, and SIGKILL after the limit. */
    async stop() {
      const limit = setTimeout(() => signalGroup(pid, "SIGKILL"), stopLimitMs);
      if (!over) child.kill("SIGTERM");
      await exited;
      clearTimeout(limit);
    },
    /** Kills it and its children at once. */
    kill: () => signalGroup(pid, "SIGKILL"),
  };
}

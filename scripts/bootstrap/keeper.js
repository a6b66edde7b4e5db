// Starts the keeper: a small process that outlives this one by a moment and stops its children when it was killed
// outright (SIGKILL, out of memory), when it could not do that itself. It notices by the closed end of its stdin.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @typedef {ReturnType<typeof startKeeper>} Keeper */

export function startKeeper() {
  const script = fileURLToPath(new URL("./keeper-process.js", import.meta.url));
  const keeper = spawn(process.execPath, [script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise((resolve) => keeper.once("exit", resolve).once("error", resolve));
  keeper.stdin.on("error", () => {}); // it is gone: nothing is lost but the safety net
  const tell = (/** @type {object} */ message) => keeper.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    /** @param {number} pid the leader of a process group, stopped in reverse order of watching */
    watch: (pid) => tell({ watch: pid }),
    /** @param {number} pid */
    forget: (pid) => tell({ forget: pid }),
    /** @param {string} folder removed once all are stopped */
    removeAfterwards: (folder) => tell({ remove: folder }),
    /** Lets the keeper end; it finds nothing left to do when every child was stopped. */
    async close() {
      keeper.stdin.end();
      await ended;
    },
  };
}

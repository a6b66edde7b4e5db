// Starts the keeper: a small process that stops this one's children if it is killed outright (SIGKILL, out of memory) and cannot
// do so itself. The keeper notices when its stdin is closed.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @typedef {ReturnType<typeof startKeeper>} Keeper */

export function startKeeper() {
  const script = fileURLToPath(new URL("./keeper-process.js", import.meta.url));
  const keeper = spawn(process.execPath, [script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise((resolve) => keeper.once("exit", resolve).once("error", resolve));
  keeper.stdin.on("error", () => {}); // the keeper is gone: only the safety net is lost
  const send = (/** @type {object} */ message) => keeper.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    /** @param {number} pid the leader of a process group, stopped in reverse order of watching */
    watch: (pid) => send({ watch: pid }),
    /** @param {number} pid */
    forget: (pid) => send({ forget: pid }),
    /** @param {string} folder removed once all are stopped */
    removeAfterwards: (folder) => send({ remove: folder }),
    /** Ends the keeper, which then stops any children that are left. */
    async close() {
      keeper.stdin.end();
      await ended;
    },
  };
}

// Runs a program that restarts on every change of its files. It is a part like any other to the supervisor, except that its own
// end is not the end of the run: after a crash, it waits for the next change.
import { relative } from "node:path";
import { createWatch } from "./watch.js";

/**
 * @typedef {object} RestartingOptions
 * @property {string} root
 * @property {string[]} watched files and folders in `root`
 * @property {() => Promise<boolean>} released resolves when the next one may start, although the last may still be finishing; to
 *   false when the last does not react, and is to be killed
 * @property {() => Promise<import("./child.js").Child>} start rejects when it cannot start with the files as they are
 * @property {(text: string) => void} print
 */

/** @param {RestartingOptions} options */
export function startRestarting({ root, watched, released, start, print }) {
  const watch = createWatch(root, watched);
  const stopping = new AbortController();
  /** @type {import("./child.js").Child | undefined} */
  let child;
  let lastEnded = Promise.resolve();

  async function run() {
    while (!stopping.signal.aborted) {
      // Before the start: whatever changes from here on is a reason for the next one.
      const before = await watch.snapshot();
      const current = await start().catch((error) => void print(error.message));
      child = current ?? undefined;
      const expected = child === undefined ? undefined : reportEnd(child);
      const changed = await watch.changed(before, stopping.signal).catch(() => undefined);
      expected?.abort();
      if (changed === undefined) break;
      print(`restarting: ${summary(changed)} changed`);
      lastEnded = Promise.all([lastEnded, child?.stop()]).then(() => {});
      const ended = lastEnded.then(() => true);
      if (!(await Promise.race([released(), ended]))) child?.kill();
    }
    watch.close();
    await Promise.all([lastEnded, child?.stop()]);
    return "stopped";
  }

  /** Reports an end that is not `expected`. @param {import("./child.js").Child} child */
  function reportEnd({ exited }) {
    const expected = new AbortController();
    exited.then((how) => {
      if (!expected.signal.aborted) print(`ended (${how}); it starts again when you change a file`);
    });
    return expected;
  }

  /** @param {string[]} changed */
  function summary([first = "", ...more]) {
    return `${relative(root, first)}${more.length === 0 ? "" : ` and ${more.length} more`}`;
  }

  const exited = run();
  return {
    exited,
    lastOutput: () => child?.lastOutput() ?? "",
    async stop() {
      stopping.abort();
      await exited;
    },
    kill() {
      stopping.abort();
      child?.kill();
    },
  };
}

// Notices changes of the files that the service is made of. Node's own --watch follows files by inode: it goes deaf to a file
// that is replaced by rename, as editors and git do. Here, events of the folders only wake a comparison of all files, so a lost
// event costs a second at most, and a change that comes while the service restarts is not missed.
import { watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Changes within this time belong together, such as those of a `git checkout`. */
const QUIET_MS = 40;
/** Compares at least this often: some file systems, such as those of shared folders, send no events. */
const LONGEST_SLEEP_MS = 1000;
/** Files that editors leave for a moment. */
const NOT_OURS = /^\.|~$|\.(?:swp|swx|tmp)$|^4913$/;

/** @typedef {Map<string, string>} Snapshot the files, each with what a change of it changes */

/**
 * @param {string[]} paths files and folders, which need not exist; with everything below a folder
 * @returns {Promise<Snapshot>}
 */
export async function snapshot(paths) {
  /** @type {Snapshot} */
  const files = new Map();
  const add = async (/** @type {string} */ path) => {
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return;
    files.set(path, stats.isDirectory() ? "folder" : `${stats.mtimeMs} ${stats.size} ${stats.ino}`);
    if (!stats.isDirectory()) return;
    const names = await readdir(path).catch(() => []);
    await Promise.all(names.filter((name) => !NOT_OURS.test(name)).map((name) => add(join(path, name))));
  };
  await Promise.all(paths.map(add));
  return files;
}

/** @param {string} root the repository @param {string[]} names the files and folders in it to watch */
export function createWatch(root, names) {
  const paths = names.map((name) => join(root, name));
  /** @type {Map<string, import("node:fs").FSWatcher>} */
  const watchers = new Map();
  let wake = () => {};

  /** @param {Snapshot} files */
  function followFolders(files) {
    // Single files are found through the folder that they are in.
    const folders = new Set([root, ...[...files].filter(([, state]) => state === "folder").map(([path]) => path)]);
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) {
      if (watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, (_event, name) => {
          if (folder !== root || name === null || paths.some((path) => basename(path) === name)) wake();
        });
        watcher.on("error", () => watcher.close());
        watchers.set(folder, watcher);
      } catch {
        // It is gone, or the system's limit of watches is reached: the regular comparison remains.
      }
    }
  }

  return {
    snapshot: () => snapshot(paths),
    /**
     * Resolves once the files differ from `before` and have stopped changing.
     * @param {Snapshot} before
     * @param {AbortSignal} signal ends the wait
     * @returns {Promise<string[]>} what changed
     */
    async changed(before, signal) {
      for (;;) {
        /** @type {Promise<void>} */
        const event = new Promise((resolve) => {
          wake = resolve;
        });
        let now = await snapshot(paths);
        followFolders(now);
        if (differences(before, now).length > 0) {
          for (let last = now; ; last = now) {
            await sleep(QUIET_MS, undefined, { signal });
            now = await snapshot(paths);
            if (differences(last, now).length === 0) break;
          }
          const found = differences(before, now);
          if (found.length > 0) return found;
        }
        await Promise.race([event, sleep(LONGEST_SLEEP_MS, undefined, { signal })]);
        signal.throwIfAborted();
      }
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

/** @param {Snapshot} before @param {Snapshot} now @returns {string[]} the paths of the files that differ */
function differences(before, now) {
  const all = new Set([...before.keys(), ...now.keys()]);
  return [...all].filter((path) => before.get(path) !== now.get(path));
}

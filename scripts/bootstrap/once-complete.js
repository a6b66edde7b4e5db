// Creates a folder under a temporary name and renames it when it is complete, so that an interrupted run never leaves half a
// folder, and two runs at once do not interfere.
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * @param {string} folder does nothing when it exists
 * @param {(unfinished: string) => Promise<unknown>} make fills a folder that does not exist yet
 */
export async function onceComplete(folder, make) {
  if (await exists(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.unfinished-`);
  try {
    const unfinished = join(work, "folder");
    await make(unfinished);
    await rename(unfinished, folder).catch(async (error) => {
      if (!(await exists(folder))) throw error; // another run was faster
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} folder */
async function exists(folder) {
  return (await stat(folder).catch(() => undefined)) !== undefined;
}

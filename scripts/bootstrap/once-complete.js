// Makes a folder under another name and renames it when it is whole: what was interrupted is never taken for complete,
// and two runs that make it at once do not meet.
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * @param {string} folder nothing is done when it exists
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

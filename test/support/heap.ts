// The heap in use after a full collection: what is left is held by something.
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** In bytes. */
export function usedHeap(): number {
  if (typeof collect !== "function") throw new Error("this Node cannot collect on demand");
  collect();
  return process.memoryUsage().heapUsed;
}

/** The same without what V8 makes of the code, in bytes: it goes on optimising for minutes. */
export function usedByData(): number {
  const used = usedHeap();
  const ofCode = getHeapSpaceStatistics().filter(({ space_name }) => /^(?:code|trusted)_/.test(space_name));
  return ofCode.reduce((left, space) => left - space.space_used_size, used);
}

// Measures the heap after a full garbage collection: what is left is still referenced.
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** Heap in use, in bytes. */
export function usedHeap(): number {
  if (typeof collect !== "function") throw new Error("this Node cannot collect garbage on demand");
  collect();
  return process.memoryUsage().heapUsed;
}

/** Heap in use without compiled code, in bytes: V8 keeps optimising for minutes. */
export function usedByData(): number {
  const used = usedHeap();
  const codeSpaces = getHeapSpaceStatistics().filter(({ space_name }) => /^(?:code|trusted)_/.test(space_name));
  return codeSpaces.reduce((rest, space) => rest - space.space_used_size, used);
}

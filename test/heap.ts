// The heap in use after a full collection: what is left is held by something.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** In bytes. */
export function usedHeap(): number {
  if (typeof collect !== "function") throw new Error("this Node cannot collect on demand");
  collect();
  return process.memoryUsage().heapUsed;
}

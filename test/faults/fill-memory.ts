// A process that fills its memory until the watch sheds, plus a little more, or until it dies. The argument says what it fills
// memory with.
import { pino } from "pino";
import { MemoryWatch } from "../../src/platform/overload/memory-watch.ts";

const stepBytes = 1_000_000;
const kinds: Record<string, () => unknown> = {
  objects: () => Array.from({ length: stepBytes / 100 }, (_, index) => ({ index, name: `x${index}`, tags: [index] })),
  strings: () => Array.from({ length: stepBytes / 1000 }, () => Buffer.alloc(1000, "y").toString("latin1")),
  buffers: () => Buffer.alloc(stepBytes, 1),
};
const make = kinds[process.argv[2] ?? ""];
if (make === undefined) throw new Error(`the argument must be one of ${Object.keys(kinds)}`);

const watch = new MemoryWatch({ warnPercent: 80, shedPercent: 90 }, pino({ level: "silent" }));
const held: unknown[] = [];
/** The service samples once a second: there must be room for what arrives between two samples. */
const share = 0.05;
let stepsLeft: number | undefined;

function step(): void {
  held.push(make?.());
  watch.sample();
  if (watch.shedding) stepsLeft ??= Math.ceil(held.length * share);
  if (stepsLeft === undefined || stepsLeft > 0) setImmediate(step);
  if (stepsLeft !== undefined) stepsLeft -= 1;
}
step();

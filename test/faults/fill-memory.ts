// A process that fills its memory until the watch sheds, and a little more, or until it dies of it. The argument says what with.
import { pino } from "pino";
import { MemoryWatch } from "../../src/platform/overload/memory-watch.ts";

const stepBytes = 1_000_000;
const kinds: Record<string, () => unknown> = {
  objects: () => Array.from({ length: stepBytes / 100 }, (_, index) => ({ index, name: `x${index}`, tags: [index] })),
  strings: () => Array.from({ length: stepBytes / 1000 }, () => Buffer.alloc(1000, "y").toString("latin1")),
  buffers: () => Buffer.alloc(stepBytes, 1),
};
const make = kinds[process.argv[2] ?? ""];
if (make === undefined) throw new Error(`one of ${Object.keys(kinds)}`);

const watch = new MemoryWatch({ warnPercent: 80, shedPercent: 90 }, pino({ level: "silent" }));
const held: unknown[] = [];
/** The service looks once a second: there must be room for what comes between two looks. */
const share = 0.05;
let stepsMore: number | undefined;

function step(): void {
  held.push(make?.());
  watch.sample();
  if (watch.shedding) stepsMore ??= Math.ceil(held.length * share);
  if (stepsMore === undefined || stepsMore > 0) setImmediate(step);
  if (stepsMore !== undefined) stepsMore -= 1;
}
step();

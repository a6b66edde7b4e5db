// `npm run bench:dev [-- --times 20]`: how long it takes from a change of a file to the first answer of the changed service under
// `npm run dev`, for each way in which editors and git change files. Runs in a copy of the repository, on ports of its own.
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { copyRepository } from "./inner-loop/copy.ts";
import { changes, startDev } from "./inner-loop/dev.ts";

/** A change without an answer within this time is missed. */
const missedAfterMs = 10_000;

const { values } = parseArgs({ options: { times: { type: "string", default: "20" } } });
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1) {
  console.error(`--times is "${values.times}": it takes a whole number from 1`);
  process.exit(1);
}

const kinds = Object.entries(changes);
const markersOf = (kind: string) => Array.from({ length: times }, (_, index) => `${kind} ${index}`);
const copy = copyRepository(dirname(import.meta.dirname), markersOf("git checkout"));
let missed = 0;
try {
  const dev = await startDev(copy);
  try {
    console.log(`From a change to the first healthy answer, ${times} times each, in ms:`);
    for (const [kind, change] of kinds) {
      const found: number[] = [];
      for (const marker of markersOf(kind)) {
        change(copy, marker);
        const ms = await dev.untilMarked(marker, missedAfterMs);
        if (ms !== undefined) found.push(ms);
      }
      missed += times - found.length;
      const sorted = found.toSorted((a, b) => a - b).map(Math.round);
      const [median, max] = [sorted[Math.floor(sorted.length / 2)] ?? "–", sorted.at(-1) ?? "–"];
      console.log(`  ${kind.padEnd(17)} median ${median}  slowest ${max}  missed ${times - found.length}`);
    }
  } finally {
    await dev.stop();
  }
} finally {
  copy.remove();
}
process.exitCode = missed === 0 ? 0 : 1;

// Runs all measurements and compares them with their targets. `npm run test:overload -- --json` prints them as JSON, with exit
// code 1 when one misses its target. `--quick` takes a minute instead of three.
import { capacity, overload, type Run, start } from "./measure.ts";

/** How many runs may be repeated (and reported) after missing a target: other processes can only make it look worse. */
const maxRepeats = 3;

export interface Report {
  /** Good responses per second. */
  capacity: number;
  /** The last run of each kind. */
  runs: Run[];
  /** The missed targets of runs that were repeated. */
  repeated: string[];
}

export async function measureAll(quick: boolean): Promise<Report> {
  const seconds = quick ? 6 : 20;
  const service = await start("on");
  const base = await capacity(service, quick ? 3 : 10).finally(() => service.stop());
  const report: Report = { capacity: base, runs: [], repeated: [] };
  let repeatsLeft = maxRepeats;
  for (const factor of [2, 5, 10]) {
    let run = await overload("on", factor, base, seconds);
    for (let short = shortfalls(base, run); short.length > 0 && repeatsLeft > 0; short = shortfalls(base, run)) {
      repeatsLeft -= 1;
      report.repeated.push(`${short.join("; ")} (no core was free ${run.starvedPercent.toFixed(0)} % of the time)`);
      run = await overload("on", factor, base, seconds);
    }
    report.runs.push(run);
    if (!quick || factor === 5) report.runs.push(await overload("off", factor, base, seconds));
  }
  return report;
}

/** One line for each missed target. Runs without protection are for comparison and have no targets. */
export function shortfalls(capacity: number, run: Run): string[] {
  if (run.protection === "off") return [];
  const targets: { figure: Exclude<keyof Run, "protection">; good: boolean; target: string }[] = [
    {
      figure: "goodput",
      good: run.goodput >= 0.95 * capacity,
      target: `at least 95 % of ${capacity.toFixed(1)} a second`,
    },
    { figure: "p50", good: run.p50 < 200, target: "under 200 ms" },
    { figure: "p99", good: run.p99 < 500, target: "under 500 ms" },
    { figure: "shedP99", good: run.shedP99 < 5, target: "under 5 ms" },
    { figure: "waitedP99", good: run.waitedP99 <= 260, target: "at most the wait limit and 10 ms" },
    { figure: "recoverMs", good: run.recoverMs <= 2000, target: "at most 2000 ms" },
  ];
  return targets
    .filter(({ good }) => !good)
    .map(({ figure, target }) => `at ${run.factor} × capacity ${figure} is ${run[figure].toFixed(1)}, not ${target}`);
}

/** A run for display, with one decimal. */
export function rounded(run: Run): Run {
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    factor: run.factor,
    protection: run.protection,
    goodput: round(run.goodput),
    p50: round(run.p50),
    p99: round(run.p99),
    shedP99: round(run.shedP99),
    waitedP99: round(run.waitedP99),
    recoverMs: round(run.recoverMs),
    starvedPercent: round(run.starvedPercent),
  };
}

if (import.meta.main) {
  const { capacity: measured, runs, repeated } = await measureAll(process.argv.includes("--quick"));
  const shown = runs.map(rounded).map(({ waitedP99: _judged, starvedPercent: _explains, ...run }) => run);
  console.log(JSON.stringify({ capacity: Math.round(measured * 10) / 10, runs: shown }, undefined, 2));
  for (const line of repeated) console.error(`repeated: ${line}`);
  const short = runs.flatMap((run) => shortfalls(measured, run));
  for (const line of short) console.error(line);
  process.exitCode = short.length > 0 ? 1 : 0;
}

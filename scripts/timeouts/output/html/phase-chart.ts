// Where the time went, one bar a row: idle, under load, the slowest, and each endpoint's slowest. Colours are those of the phases.
import { type PhaseTimes, phases, sumOf } from "../../load/phases.ts";
import type { Report } from "../../report.ts";
import { figure } from "../text.ts";
import { drawing, escaped, inBothWidths, tag } from "./markup.ts";
import { shortened } from "./percentile-chart.ts";

interface Row {
  name: string;
  times: PhaseTimes;
}

const rowHeight = 46;
const barHeight = 18;

/** Empty when the service reports no phases. */
export function phaseChart({ calm, total, endpoints }: Report): string {
  const row = (name: string, times: PhaseTimes | null | undefined) => (times ? [{ name, times }] : []);
  const rows = [
    ...row("idle, on average", calm?.phases),
    ...row("under load, on average", total.phases.mean),
    ...row("the slowest 1 %", total.phases.slowest),
    ...row("timed out", total.phases.timedOut),
    ...(endpoints.length > 1
      ? endpoints.flatMap((one) => row(`${one.name}, the slowest 1 %`, one.phases.slowest))
      : []),
  ];
  if (total.phases.mean === null) return "";
  const used = phases.filter((phase) => rows.some(({ times }) => times[phase] > 0));
  const keys = used.map((phase) => tag("span", {}, tag("i", { class: `phase-${phase}` }, ""), phase));
  return tag("p", { class: "legend" }, ...keys) + inBothWidths((kind, width) => draw(kind, width, rows));
}

function draw(kind: "wide" | "narrow", width: number, rows: readonly Row[]): string {
  const longestMs = Math.max(0.001, ...rows.map(({ times }) => sumOf(times)));
  const barWidth = width - 76;
  const content = rows.flatMap(({ name, times }, index) => {
    const y = index * rowHeight;
    let x = 0;
    const bars = phases.map((phase) => {
      const length = (barWidth * times[phase]) / longestMs;
      x += length;
      const title = tag("title", {}, `${phase} ${figure(times[phase])} ms`);
      return length < 0.05
        ? ""
        : tag("rect", { class: `phase-${phase}`, x: x - length, y: y + 20, width: length, height: barHeight }, title);
    });
    const label = tag("text", { x: 0, y: y + 14 }, escaped(shortened(name, kind === "wide" ? 110 : 48)));
    return [label, ...bars, tag("text", { class: "note", x: x + 6, y: y + 34 }, `${figure(sumOf(times))} ms`)];
  });
  return drawing(kind, width, rows.length * rowHeight, "Where the time went, by phase", content);
}

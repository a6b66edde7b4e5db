// Latency over time, and below it the requests without a good response.
import type { Latency } from "../../load/latencies.ts";
import type { Moment } from "../../load/load-figures.ts";
import type { Report } from "../../report.ts";
import { limits } from "../../verdict/targets.ts";
import { figure } from "../text.ts";
import { drawing, inBothWidths, tag } from "./markup.ts";
import { logScale, tickLabel } from "./scale.ts";

const lines = [
  { of: "maxMs", name: "max" },
  { of: "p95Ms", name: "p95" },
  { of: "p50Ms", name: "p50" },
] as const satisfies readonly { of: keyof Latency; name: string }[];
const bad = ["refused", "timedOut", "errors"] as const;
const left = 54;
const top = 10;
const height = 190;
const barsTop = top + height + 16;
const barsHeight = 44;

export function timeChart({ timeline, seconds }: Report): string {
  const names = { refused: "refused", timedOut: "timed out", errors: "errors" };
  const keys = [
    ...lines.map(({ name }) => tag("span", {}, tag("i", { class: `line ${name}` }, ""), name)),
    ...bad.map((one) => tag("span", {}, tag("i", { class: one }, ""), names[one])),
  ];
  const chart = inBothWidths((kind, width) => draw(kind, width, timeline, seconds));
  return tag("p", { class: "legend" }, ...keys) + chart;
}

function draw(kind: "wide" | "narrow", width: number, timeline: readonly Moment[], seconds: number): string {
  const right = width - 16;
  const latencies = timeline.flatMap(({ latency }) => (latency === null ? [] : [latency.p50Ms, latency.maxMs]));
  const y = logScale(latencies, top + height, top);
  const x = (atS: number) => left + ((right - left) * atS) / Math.max(seconds, 0.001);
  const grid = y.ticks.flatMap((ms) => [
    tag("line", { class: "grid", x1: left, x2: right, y1: y.at(ms), y2: y.at(ms) }),
    tag("text", { class: "end", x: left - 6, y: y.at(ms) + 4 }, tickLabel(ms)),
  ]);
  const target = tag("line", {
    class: "target",
    x1: left,
    x2: right,
    y1: y.at(limits.latencyMs),
    y2: y.at(limits.latencyMs),
  });
  const note = tag("text", { class: "end note", x: right, y: y.at(limits.latencyMs) - 4 }, `${limits.latencyMs} ms`);
  const widthS = (timeline[1]?.atS ?? seconds) - (timeline[0]?.atS ?? 0);
  const middle = (atS: number) => x(Math.min(seconds, atS + widthS / 2));
  const curves = lines.map(({ of, name }) =>
    tag("path", { class: `curve ${name}`, d: curve(timeline, of, middle, y.at) }),
  );
  const every = niceStep(seconds, kind === "wide" ? 10 : 4);
  const times = Array.from({ length: Math.floor(seconds / every) + 1 }, (_, index) =>
    tag("text", { class: "middle", x: x(index * every), y: barsTop + barsHeight + 16 }, `${figure(index * every)} s`),
  );
  const most = Math.max(1, ...timeline.map(({ sent }) => sent));
  const bars = timeline.flatMap((moment) =>
    barsOf(moment, x(moment.atS), x(Math.min(seconds, moment.atS + widthS)), most),
  );
  const axis = tag("line", { class: "grid", x1: left, x2: right, y1: barsTop + barsHeight, y2: barsTop + barsHeight });
  const label = tag("text", { class: "end", x: left - 6, y: barsTop + barsHeight }, "lost");
  const content = [...grid, target, note, ...curves, axis, label, ...bars, ...times];
  return drawing(
    kind,
    width,
    barsTop + barsHeight + 24,
    "Latency over time, and requests without a good response",
    content,
  );
}

function curve(
  timeline: readonly Moment[],
  of: keyof Latency,
  x: (s: number) => number,
  y: (ms: number) => number,
): string {
  let pen = "M";
  return timeline
    .map(({ atS, latency }) => {
      const command = latency === null ? "" : `${pen}${x(atS).toFixed(1)} ${y(latency[of]).toFixed(1)}`;
      pen = latency === null ? "M" : "L";
      return command;
    })
    .join("");
}

/** Stacked bars, relative to the busiest moment. */
function barsOf(moment: Moment, from: number, to: number, most: number): string[] {
  let y = barsTop + barsHeight;
  return bad.flatMap((one) => {
    const height = (barsHeight * moment[one]) / most;
    y -= height;
    return height === 0 ? [] : [tag("rect", { class: one, x: from, y, width: Math.max(1, to - from - 1), height })];
  });
}

/** 1, 2 or 5 times a power of ten, for at most `maxSteps` steps. */
function niceStep(whole: number, maxSteps: number): number {
  const rough = Math.max(whole, 0.001) / maxSteps;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((times) => power * times >= rough) ?? 10);
}

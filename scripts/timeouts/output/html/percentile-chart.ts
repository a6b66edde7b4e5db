// The percentiles of each endpoint on a shared axis, to compare them.
import type { EndpointFigures } from "../../load/load-figures.ts";
import type { Report } from "../../report.ts";
import { limits } from "../../verdict/targets.ts";
import { drawing, escaped, inBothWidths, tag } from "./markup.ts";
import { logScale, type Scale, tickLabel } from "./scale.ts";

const rowHeight = 44;
const top = 8;
const marks = [
  { of: "p50Ms", name: "p50" },
  { of: "p95Ms", name: "p95" },
  { of: "p99Ms", name: "p99" },
  { of: "maxMs", name: "max" },
] as const;

export function percentileChart({ endpoints }: Report): string {
  const keys = marks.map(({ name }) => tag("span", {}, tag("i", { class: `dot ${name}` }, ""), name));
  return tag("p", { class: "legend" }, ...keys) + inBothWidths((kind, width) => draw(kind, width, endpoints));
}

function draw(kind: "wide" | "narrow", width: number, endpoints: readonly EndpointFigures[]): string {
  const [left, right] = [10, width - 24];
  const bottom = top + endpoints.length * rowHeight;
  const values = endpoints.flatMap(({ latency }) => (latency === null ? [] : [latency.p50Ms, latency.maxMs]));
  const x = logScale(values, left, right);
  const grid = x.ticks.flatMap((ms, index) => [
    tag("line", { class: "grid", x1: x.at(ms), x2: x.at(ms), y1: top, y2: bottom }),
    tag(
      "text",
      { class: index === 0 ? "note" : "middle", x: x.at(ms) - (index === 0 ? 6 : 0), y: bottom + 18 },
      tickLabel(ms),
    ),
  ]);
  const targetAt = x.at(limits.latencyMs);
  const target = tag("line", { class: "target", x1: targetAt, x2: targetAt, y1: top, y2: bottom });
  const rows = endpoints.flatMap((endpoint, index) =>
    row(endpoint, top + index * rowHeight, x, kind === "wide" ? 110 : 42),
  );
  return drawing(kind, width, bottom + 26, "Percentiles by endpoint", [...grid, target, ...rows]);
}

function row({ name, latency }: EndpointFigures, y: number, x: Scale, letters: number): string[] {
  const label = tag("text", { x: 10, y: y + 14 }, escaped(shortened(name, letters)));
  const middle = y + 28;
  if (latency === null) return [label, tag("text", { class: "note", x: 10, y: middle + 4 }, "no good response")];
  const line = tag("line", {
    class: "range",
    x1: x.at(latency.p50Ms),
    x2: x.at(latency.maxMs),
    y1: middle,
    y2: middle,
  });
  const dots = marks.map(({ of, name: mark }) =>
    tag("circle", { class: mark, cx: x.at(latency[of]), cy: middle, r: 5 }),
  );
  return [label, line, ...dots.toReversed()];
}

export function shortened(name: string, letters: number): string {
  return name.length <= letters
    ? name
    : `${name.slice(0, Math.ceil(letters / 2) - 1)}…${name.slice(-Math.floor(letters / 2))}`;
}

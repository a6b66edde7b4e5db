// The results as Markdown tables.
import { availableParallelism } from "node:os";
import type { Report } from "./bench.ts";
import type { EndpointCost, PeerCost } from "./cost.ts";
import type { Spread } from "./figures.ts";
import type { Overload } from "./overloaded.ts";

export function tablesOf({ base, rounds, cost, overload, node, date }: Report): string {
  const baseTitle = cost.find(({ name }) => name === base)?.title ?? base;
  return [
    `${date}, Node ${node}, ${availableParallelism()} cores, ${rounds} rounds; medians, with the range of the rounds.`,
    "",
    costTable(cost, baseTitle),
    "",
    ...failuresOf(cost),
    ...(overload === null ? [] : [overloadTable(overload, cost), ""]),
    ...reading(overload !== null),
  ].join("\n");
}

function costTable(cost: readonly PeerCost[], base: string): string {
  const header = [
    "mysql2 behind",
    "one row: CPU µs",
    `× ${base}`,
    "req/s",
    "20 rows: CPU µs",
    `× ${base}`,
    "req/s",
    "spans",
    "memory idle, loaded (MB)",
    "first answer (ms)",
  ];
  return markdown(
    header,
    cost.map(({ title, figures }) => {
      if (figures === null) return [title, "failed", ...header.slice(2).map(() => "–")];
      const { one, list, spansPerRequest, idleMb, loadedMb, startMs } = figures;
      const memory = `${idleMb.median.toFixed(0)}, ${loadedMb.median.toFixed(0)}`;
      return [
        title,
        ...costCells(one),
        ...costCells(list),
        spansPerRequest.median.toFixed(1),
        memory,
        range(startMs, 0),
      ];
    }),
  );
}

function costCells({ cpuUs, ratio, perSecond }: EndpointCost): string[] {
  return [range(cpuUs, 0), ratio === null ? "–" : range(ratio, 2), perSecond.median.toFixed(0)];
}

function failuresOf(cost: readonly PeerCost[]): string[] {
  const lines = cost.flatMap(({ title, failures }) => failures.map((failure) => `FAILED: ${title}, ${failure}`));
  return lines.length === 0 ? [] : [...lines, ""];
}

function overloadTable({ capacity, runs }: Overload, cost: readonly PeerCost[]): string {
  const factors = [...new Set(runs.map(({ factor }) => factor))];
  const header = [
    "good answers a second; p50, p99 in ms",
    ...factors.map((factor) => `${factor} × ${capacity.toFixed(0)}/s`),
  ];
  const rows = cost.map(({ name, title }) => [
    title,
    ...factors.map((factor) => {
      const run = runs.find((one) => one.name === name && one.factor === factor);
      if (run?.figures == null) return `failed: ${run?.failure}`;
      const { goodput, p50, p99 } = run.figures;
      return `${goodput.toFixed(0)}; ${p50.toFixed(0)}, ${p99.toFixed(0)}`;
    }),
  ]);
  return markdown(header, rows);
}

function reading(overloaded: boolean): string[] {
  return [
    "CPU is the server's, user and system, of all its threads. Read the ratios, not the absolute values: the clients, the",
    "database and the sink share the machine, and each ratio is made within one round, in which all took short turns.",
    ...(overloaded
      ? [
          "Overload: 100 ms of database work a request on a pool of ten, clients that give up after 1 s; times are the clients'.",
        ]
      : []),
  ];
}

function range({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(header), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}

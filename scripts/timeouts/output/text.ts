// The report for a terminal.
import type { EndpointFigures } from "../load/load-figures.ts";
import { type PhaseTimes, phases } from "../load/phases.ts";
import type { Report } from "../report.ts";
import type { Target } from "../verdict/targets.ts";

export function asText(report: Report): string {
  const parts = [
    heading(report),
    endpointTable(report),
    phaseTable(report),
    targetTable(report.targets),
    verdictText(report),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

export function heading({ url, partial, perSecond, seconds, capacity, clientTimeoutMs, generator }: Report): string {
  const rate =
    perSecond === null ? "stopped before the load" : `${figure(perSecond)} requests a second for ${figure(seconds)} s`;
  const endings = {
    service: "",
    "highest rate": " or more: it held the highest rate tried",
    generator: " or more: the load generator reached its own limit",
    time: " or more: the search ran out of time",
    "nothing held": ": even that rate did not hold",
  };
  const lines = [
    `${partial ? "PARTIAL: " : ""}${url}: ${rate}, as independent clients send them; each waits up to ${figure(clientTimeoutMs)} ms`,
    ...(capacity === null
      ? []
      : [`capacity ${figure(capacity.perSecond)} a second${endings[capacity.endedBy]}; loaded at 0.7 of it`]),
    ...(generator.heldBack > 0
      ? [`${generator.heldBack} requests were held back at the limit of ${generator.maxInFlight} in flight`]
      : []),
    ...(generator.unfinished > 0
      ? [`${generator.unfinished} requests were in flight when it was stopped and are not counted`]
      : []),
    ...((generator.late?.p99Ms ?? 0) > 20 && generator.heldBack === 0
      ? [
          `the load generator itself was late, p99 ${figure(generator.late?.p99Ms ?? 0)} ms: included in the times below`,
        ]
      : []),
  ];
  return lines.join("\n");
}

function endpointTable({ endpoints, total }: Report): string {
  const row = (one: EndpointFigures, name = one.name) => {
    const { latency } = one;
    const times =
      latency === null
        ? ["–", "–", "–", "–"]
        : [latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.maxMs].map(figure);
    return [name, one.sent, one.good, one.refused, one.timedOut, one.errors, ...times].map(String);
  };
  const header = ["endpoint", "sent", "good", "refused", "timed out", "errors", "p50", "p95", "p99", "max ms"];
  return table([header, ...endpoints.map((one) => row(one)), ...(endpoints.length > 1 ? [row(total)] : [])]);
}

function phaseTable({ calm, total, endpoints }: Report): string {
  if (total.phases.mean === null) return "phases: not available (no Server-Timing with phases)";
  const row = (name: string, times: PhaseTimes | null | undefined) =>
    times ? [[name, ...phases.map((phase) => figure(times[phase]))]] : [];
  return table([
    ["phases, ms", ...phases],
    ...row("calm, mean", calm?.phases),
    ...row("mean", total.phases.mean),
    ...row("slowest 1 %", total.phases.slowest),
    ...row("timed out", total.phases.timedOut),
    ...(endpoints.length > 1 ? endpoints.flatMap((one) => row(`${one.name}, slowest 1 %`, one.phases.slowest)) : []),
  ]);
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets.map(({ met, target, measured, unit, note }) => [
    `${mark(met)} ${target}`,
    measured === null ? "–" : `${figure(measured)} ${unit}`,
    `  ${note}`,
  ]);
  return table(rows, [0, 2]);
}

function verdictText({ verdict: { title, evidence, actions } }: Report): string {
  return [`verdict: ${title}`, ...evidence.map((line) => `  ${line}`), ...actions.map((line) => `  → ${line}`)].join(
    "\n",
  );
}

export function mark(met: boolean | null): string {
  return met === null ? "?" : met ? "✓" : "✗";
}

/** Three significant digits, more only before the decimal point. */
export function figure(value: number): string {
  if (value === 0 || value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

/** Text columns (`left`) align left, number columns right. */
function table(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      left.includes(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
  return rows.map((row) => line(row).join("  ").trimEnd()).join("\n");
}

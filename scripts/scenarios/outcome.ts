// The outcome of a scenario: as data for programs, and as a comparison for people.
import { z } from "zod";
import { figure } from "../timeouts/output/text.ts";
import { type Report, reportSchema } from "../timeouts/report.ts";
import type { Scenario } from "./catalog.ts";

export const outcomeSchema = z.object({
  scenario: z.string(),
  /** The cause that was provoked. */
  provoked: z.string(),
  /** The cause that was found. */
  found: z.string(),
  on: reportSchema,
  /** Without protections; null without --compare. */
  off: reportSchema.nullable(),
});
export type Outcome = z.infer<typeof outcomeSchema>;

export function introduction({ name, what, dashboard, lookAt, perSecond }: Scenario): string {
  return `${name}: ${what}; ${perSecond} requests a second
  look at: /d/${dashboard} in Grafana: ${lookAt}`;
}

export function conclusion({ found, provoked, on, off }: Outcome): string {
  const rows = [
    ["", "good", "refused", "timed out", "errors", "p50", "p99", "max ms"],
    rowOf(off === null ? "" : "protections on", on),
    ...(off === null ? [] : [rowOf("PROTECTION=off", off)]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const verdict = found === provoked ? on.verdict.title : `${on.verdict.title} (provoked: ${provoked})`;
  return [
    ...table.map((line) => `  ${line.trimEnd()}`),
    `  verdict: ${verdict}`,
    ...on.verdict.evidence.map((line) => `    ${line}`),
    ...on.verdict.actions.map((line) => `    → ${line}`),
  ].join("\n");
}

function rowOf(name: string, { total: { sent, good, refused, timedOut, errors, latency } }: Report): string[] {
  const share = (count: number) => `${figure(sent === 0 ? 0 : (100 * count) / sent)} %`;
  const times = latency === null ? ["–", "–", "–"] : [latency.p50Ms, latency.p99Ms, latency.maxMs].map(figure);
  return [name, share(good), share(refused), share(timedOut), share(errors), ...times];
}

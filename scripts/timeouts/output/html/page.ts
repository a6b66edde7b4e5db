// The report as one self-contained page, without scripts.
import type { EndpointFigures } from "../../load/load-figures.ts";
import type { Report } from "../../report.ts";
import type { Target } from "../../verdict/targets.ts";
import { figure, heading } from "../text.ts";
import { escaped, tag } from "./markup.ts";
import { percentileChart } from "./percentile-chart.ts";
import { phaseChart } from "./phase-chart.ts";
import { style } from "./style.ts";
import { timeChart } from "./time-chart.ts";

export function asPage(report: Report): string {
  const { url, startedAt, partial, endpoints, total, timeline } = report;
  const [first = "", ...notes] = heading(report).split("\n");
  const rows = [...endpoints, ...(endpoints.length > 1 ? [{ ...total, name: "all" }] : [])];
  const phases = phaseChart(report);
  const title = `${partial ? "Partial timeout report" : "Timeout report"}: ${new URL(url).host}`;
  const body = [
    tag(
      "header",
      {},
      tag("h1", {}, escaped(title)),
      ...[first, ...notes].map((line) => tag("p", { class: "soft" }, escaped(line))),
    ),
    verdictCard(report),
    section("Targets", tag("ul", { class: "targets" }, ...report.targets.map(targetCard))),
    section("Endpoints", endpointTable(rows)),
    timeline.length > 0 ? section("Latency over time", timeChart(report)) : "",
    section("Latency by endpoint", percentileChart(report)),
    section(
      "Where the time went",
      phases || tag("p", { class: "soft" }, "The service reports no phases (Server-Timing)."),
    ),
    tag("footer", {}, escaped(`Latency counts from when a request was due. Measured ${startedAt}.`)),
  ];
  const head = [
    tag("meta", { charset: "utf-8" }),
    tag("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    tag("title", {}, escaped(title)),
    tag("style", {}, style),
  ];
  return `<!doctype html>\n${tag("html", { lang: "en" }, tag("head", {}, ...head), tag("body", {}, tag("main", {}, ...body)))}\n`;
}

function section(name: string, ...content: string[]): string {
  return tag("section", {}, tag("h2", {}, name), ...content);
}

function verdictCard({ verdict: { cause, title, evidence, actions } }: Report): string {
  const list = (lines: readonly string[]) => tag("ul", {}, ...lines.map((line) => tag("li", {}, escaped(line))));
  return tag(
    "div",
    { class: cause === "nothing_wrong" ? "verdict well" : "verdict" },
    tag("h2", {}, tag("small", {}, "Verdict"), escaped(title.charAt(0).toUpperCase() + title.slice(1))),
    list(evidence),
    ...(actions.length > 0 ? [tag("h3", {}, "What to do"), list(actions)] : []),
  );
}

function targetCard({ target, measured, unit, met, note }: Target): string {
  const kind = met === null ? "unknown" : met ? "met" : "missed";
  const value = measured === null ? "–" : `${figure(measured)} ${unit}`;
  return tag(
    "li",
    { class: kind },
    tag("b", {}, value),
    escaped(target),
    tag("br", {}),
    tag("small", {}, escaped(note)),
  );
}

function endpointTable(rows: readonly EndpointFigures[]): string {
  const names = ["sent", "good", "refused", "timed out", "errors", "p50 ms", "p95 ms", "p99 ms", "max ms"];
  const cells = ({ sent, good, refused, timedOut, errors, latency }: EndpointFigures) => [
    ...[sent, good, refused, timedOut, errors].map(String),
    ...(latency === null
      ? ["–", "–", "–", "–"]
      : [latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.maxMs].map(figure)),
  ];
  const head = tag("tr", {}, ...["endpoint", ...names].map((name) => tag("th", { scope: "col" }, name)));
  const row = (endpoint: EndpointFigures) => {
    const values = cells(endpoint).map((value, index) => {
      return tag("td", { "data-name": names[index] ?? "", class: value === "0" ? "zero" : "" }, value);
    });
    return tag("tr", {}, tag("td", {}, escaped(endpoint.name)), ...values);
  };
  return tag("table", {}, tag("thead", {}, head), tag("tbody", {}, ...rows.map(row)));
}

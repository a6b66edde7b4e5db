// What values look like: a missing one is not zero, text is not a number, counts are whole, and lines keep their meaning.
import { deepEqual, equal, ok } from "node:assert/strict";
import { z } from "zod";
import { serviceName } from "../../scripts/bootstrap/package.js";
import { dashboards, overridden, type Panel, panels } from "./committed.ts";

const all = dashboards.flatMap((dashboard) => panels(dashboard).map((panel) => ({ uid: dashboard.uid, panel })));
const ofType = (type: string) => all.filter(({ panel }) => panel.type === type).map(({ panel }) => panel);

describe("figures", () => {
  const special = z.object({ match: z.string(), result: z.object({ text: z.string(), color: z.string() }) });
  const specials = ({ fieldConfig }: Panel) =>
    (fieldConfig?.defaults.mappings ?? []).flatMap(({ type, options }) =>
      type === "special" ? [special.parse(options)] : [],
    );

  it('are "–" without a value and say when their server does not answer, both without a colour', () => {
    for (const panel of ofType("stat")) {
      deepEqual(
        specials(panel).map(({ match, result }) => ({ match, ...result })),
        [
          { match: "nan", text: "–", color: "text" },
          { match: "null", text: "not reachable", color: "text" },
        ],
        panel.title,
      );
      equal(panel.fieldConfig?.defaults.noValue, "not reachable", panel.title);
    }
  });

  it("never take the last value of an old incident", () => {
    const options = z.object({ reduceOptions: z.object({ calcs: z.array(z.string()) }) });
    for (const panel of ofType("stat"))
      deepEqual(options.parse(panel.options).reduceOptions.calcs, ["last"], panel.title);
  });

  it("turn a missing percentile or share into NaN, never into zero", () => {
    for (const { title, targets } of ofType("stat")) {
      for (const { expr = "" } of targets) {
        if (/histogram_quantile|\) \/ /.test(expr)) ok(expr.includes("vector(NaN)"), `${title}: ${expr}`);
        if (/histogram_quantile/.test(expr)) ok(!expr.includes("vector(0)"), `${title}: ${expr}`);
      }
    }
  });

  it("show times below a millisecond as < 1 ms", () => {
    for (const { title, fieldConfig } of ofType("stat").filter(
      ({ fieldConfig }) => fieldConfig?.defaults.unit === "s",
    )) {
      const ranges = (fieldConfig?.defaults.mappings ?? []).filter(({ type }) => type === "range");
      deepEqual(
        ranges.map(({ options }) => options),
        [{ from: 0, to: 0.000999, result: { text: "< 1 ms" } }],
        title,
      );
    }
  });
});

describe("text and numbers", () => {
  it("are told apart: a column of names has the unit string", () => {
    for (const panel of ofType("table")) {
      const units = new Map(overridden(panel, "unit").map(({ name, value }) => [name, value]));
      for (const { name } of overridden(panel, "links")) equal(units.get(name), "string", `${panel.title}: ${name}`);
      if (panel.title === "Slow queries by fingerprint") equal(units.get("Fingerprint"), "string");
    }
  });

  it("count whole events", () => {
    for (const { title, targets } of ofType("table")) {
      for (const { expr = "" } of targets) {
        if (/increase\([^)]*(?:_count|_total)\{/.test(expr)) ok(expr.includes("round("), `${title}: ${expr}`);
      }
    }
  });

  it("use units that people say", () => {
    for (const { panel } of all) {
      const units = [panel.fieldConfig?.defaults.unit, ...overridden(panel, "unit").map(({ value }) => value)];
      ok(!units.includes("cps"), `"c/s" on ${panel.title}`);
    }
  });

  it("shorten the id of an instance to eight characters", () => {
    const [step] = ofType("timeseries").find(({ title }) => title === "Memory by instance")?.transformations ?? [];
    const { regex, renamePattern } = z.object({ regex: z.string(), renamePattern: z.string() }).parse(step?.options);
    const pattern = new RegExp(regex.slice(1, -1));
    equal("user 11c4cc43-d6d8-4901-8e05-c8f36d19a3fb".replace(pattern, renamePattern), "user 11c4cc43");
    equal("orders-7d9f8b6c5-x2x4z".replace(pattern, renamePattern), "orders-7d9f8b6c5-x2x4z");
  });

  it("name a trace without its service, and start it at a time of day", () => {
    const panel = ofType("table").find(({ title }) => title === "Slow traces");
    ok(panel);
    const [mapping] = overridden(panel, "mappings").map(
      ({ value }) =>
        z
          .array(z.looseObject({ options: z.object({ pattern: z.string(), result: z.object({ text: z.string() }) }) }))
          .parse(value)[0],
    );
    const name = `${serviceName}: GET /api/orders/{id}`;
    equal(
      name.replace(new RegExp((mapping?.options.pattern ?? "").slice(1, -1)), mapping?.options.result.text ?? ""),
      "GET /api/orders/{id}",
    );
    const units = overridden(panel, "unit");
    ok(units.some(({ name, value }) => name === "Start time" && value === "time:HH:mm:ss"));
  });
});

describe("graphs", () => {
  const grouped = (panel: Panel) => panel.targets.filter(({ legendFormat = "" }) => legendFormat.includes("{{"));

  it("have no axis up to 100 for small values", () => {
    for (const { title, fieldConfig } of ofType("timeseries")) ok(fieldConfig?.defaults.custom?.axisSoftMax, title);
  });

  it('have no "none yet" and no zero in their legends', () => {
    for (const { panel } of all) ok(!JSON.stringify(panel.targets).includes("none yet"), panel.title);
    const counts = ofType("timeseries").flatMap((panel) =>
      grouped(panel).flatMap(({ expr = "" }) =>
        / \/ |histogram_quantile/.test(expr) || !/rate\(/.test(expr) ? [] : [expr],
      ),
    );
    ok(counts.length > 10);
    for (const expr of counts) ok(expr.includes("> 0"), expr);
  });

  it("keep their axes while no group has a value, through a line that does not show", () => {
    for (const panel of ofType("timeseries")) {
      if (grouped(panel).length === 0) continue;
      ok(
        panel.targets.some(({ legendFormat }) => legendFormat === "zero"),
        panel.title,
      );
      deepEqual(
        overridden(panel, "custom.hideFrom")
          .filter(({ name }) => name === "zero")
          .map(({ value }) => value),
        [{ viz: true, legend: true, tooltip: true }],
        panel.title,
      );
    }
  });

  it("show failures in shades of red, and names in the same colour everywhere", () => {
    const failures = /error|timeout|refused|failed|killed|lost|ended/i;
    for (const { title, fieldConfig } of ofType("timeseries")) {
      const { mode, fixedColor } = fieldConfig?.defaults.color ?? {};
      if (mode === "shades") equal(fixedColor, "red", title);
      else equal(mode, "palette-classic-by-name", title);
      if (failures.test(title) && !/server and error|Retries/.test(title)) equal(mode, "shades", title);
    }
  });

  it("show at most the eight largest routes, queries or services", () => {
    for (const panel of ofType("timeseries")) {
      for (const { expr = "", legendFormat = "" } of grouped(panel)) {
        if (!/^\{\{(?:http_route|db_query_summary)\}\}$/.test(legendFormat)) continue;
        ok(/topk\([58], /.test(expr) || /slow/i.test(panel.title), `${panel.title}: ${expr}`);
      }
    }
  });
});

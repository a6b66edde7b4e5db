import { deepEqual, equal, ok } from "node:assert/strict";
import { z } from "zod";
import { allThresholds, dashboards, dataLinks, expressions, overridden, panels } from "./committed.ts";

/** Colours that mean severity. Blue marks a figure without limits. */
const severities = ["green", "yellow", "red"];
const phases = ["receive", "queue", "auth", "pool", "query", "outbound", "loop", "own"];

for (const dashboard of dashboards) {
  describe(`the panels of ${dashboard.uid}`, () => {
    it("have a description", () => {
      for (const { title, description = "" } of panels(dashboard))
        ok(description.length >= 60, `"${title}" explains itself`);
    });

    it("have a unit", () => {
      for (const { title, fieldConfig } of panels(dashboard)) ok(fieldConfig?.defaults.unit, `"${title}" has a unit`);
    });

    it("use the same data source for the panel and each query", () => {
      // Since Grafana 13 a query's own data source is ignored, so a different one would query the wrong server.
      for (const { title, datasource, targets } of panels(dashboard)) {
        ok(targets.length > 0, `"${title}" has queries`);
        for (const target of targets) deepEqual(target.datasource, datasource, `"${title}", query ${target.refId}`);
      }
    });

    it("have a unique letter per query", () => {
      for (const { title, targets } of panels(dashboard)) {
        equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `"${title}"`);
      }
    });

    it("have unique titles", () => {
      const titles = panels(dashboard).map(({ title }) => title);
      deepEqual(titles, [...new Set(titles)]);
    });

    it("order their thresholds by severity, or are blue without limits", () => {
      for (const panel of panels(dashboard)) {
        for (const { steps } of allThresholds(panel)) {
          const colors = steps.map(({ color }) => color).join(" ");
          ok(["blue", "green yellow red", "red yellow green"].includes(colors), `"${panel.title}": ${colors}`);
          const values = steps.map(({ value }) => value ?? Number.NEGATIVE_INFINITY);
          deepEqual(
            values,
            values.toSorted((a, b) => a - b),
            `"${panel.title}"`,
          );
        }
      }
    });

    it("colour their states by severity, whatever the thresholds", () => {
      for (const { title, type, fieldConfig } of panels(dashboard).filter(({ type }) => type === "state-timeline")) {
        const options = (fieldConfig?.defaults.mappings ?? []).flatMap(({ options }) => Object.values(options));
        const colors = z.array(z.looseObject({ color: z.string() })).parse(options);
        ok(colors.length > 1, `"${title}", a ${type}, has states`);
        for (const { color } of colors) ok(severities.includes(color), `"${title}": ${color}`);
        // By threshold, Grafana merges the states into ranges ("< 80") and drops their names and colours.
        equal(fieldConfig?.defaults.color?.mode, "fixed", title);
      }
    });

    it("have thresholds on every figure", () => {
      for (const panel of panels(dashboard).filter(({ type }) => type === "stat")) {
        equal(allThresholds(panel).length, 1, `"${panel.title}"`);
      }
    });

    it("link from a route to the page filtered by it", () => {
      for (const panel of panels(dashboard)) {
        if (!panel.targets.some(({ expr = "" }) => /by \([^)]*http_route/.test(expr))) continue;
        const links = dataLinks(panel).filter(({ url }) => url.includes("var-route=${__"));
        ok(links.length >= 1, `"${panel.title}"`);
      }
    });

    it("take exemplars only from kept traces", () => {
      for (const { title, expr, exemplar } of expressions(dashboard)) {
        if (exemplar) ok(/\btraces_kept_\w+_bucket\{/.test(expr), `"${title}": ${expr}`);
      }
    });
  });
}

describe("colours", () => {
  const fixed = z.object({ mode: z.literal("fixed"), fixedColor: z.string() });
  const used = dashboards.flatMap(panels).flatMap((panel) =>
    overridden(panel, "color").flatMap(({ name, value }) => {
      const { data } = fixed.safeParse(value);
      return data ? [{ title: panel.title, name, color: data.fixedColor }] : [];
    }),
  );

  it("are the same for a name on every panel", () => {
    for (const { title, name, color } of used) {
      const others = used.filter((other) => other.name === name).map((other) => other.color);
      deepEqual([...new Set(others)], [color], `"${name}" on "${title}"`);
    }
  });

  it("give each of the eight phases its own colour", () => {
    const colors = phases.map((phase) => used.find(({ name }) => name === phase)?.color ?? "none");
    equal(new Set(colors).size, phases.length, colors.join(" "));
    ok(!colors.includes("none"));
  });

  it("of series are never severity colours", () => {
    for (const { title, name, color } of used) ok(!severities.includes(color), `"${name}" on "${title}" is ${color}`);
  });
});

describe("latency panels", () => {
  it("have exemplars, on both dashboards that show latency", () => {
    deepEqual(
      dashboards.filter((dashboard) => expressions(dashboard).some(({ exemplar }) => exemplar)).map(({ uid }) => uid),
      ["service", "slow-requests"],
    );
  });
});

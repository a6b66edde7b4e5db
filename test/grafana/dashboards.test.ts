import { deepEqual, equal, ok } from "node:assert/strict";
import { dashboards, dataLinks, files, panels } from "./committed.ts";

describe("the dashboards", () => {
  it("have the file name of their uid, so that addresses are unique", () => {
    for (const [index, { uid }] of dashboards.entries()) equal(files[index], `${uid}.json`);
  });

  it("include the four that the README and the alerts link to", () => {
    const uids = dashboards.map(({ uid }) => uid);
    for (const uid of ["slow-requests", "service", "database", "runtime"]) ok(uids.includes(uid), uid);
  });

  it("have unique titles", () => {
    equal(new Set(dashboards.map(({ title }) => title)).size, dashboards.length);
  });

  for (const dashboard of dashboards) {
    it(`${dashboard.uid} can be filtered by service, instance and route`, () => {
      deepEqual(
        dashboard.templating.list.map(({ name }) => name),
        ["service", "instance", "route"],
      );
    });

    it(`${dashboard.uid} shows the route variable only where it has an effect`, () => {
      const hidden = dashboard.templating.list.find(({ name }) => name === "route")?.hide === 2;
      const used = panels(dashboard).some(({ targets }) => targets.some(({ expr = "" }) => expr.includes("$route")));
      equal(hidden, !used);
    });

    it(`${dashboard.uid} links to all others and keeps time range and variables`, () => {
      const others = dashboards.filter(({ uid }) => uid !== dashboard.uid);
      deepEqual(
        dashboard.links.map(({ url, title }) => ({ url, title })).toSorted((a, b) => a.url.localeCompare(b.url)),
        others.map(({ uid, title }) => ({ url: `/d/${uid}`, title })),
      );
      for (const { title, type, includeVars, keepTime, placement } of dashboard.links) {
        deepEqual({ type, includeVars, keepTime }, { type: "link", includeVars: true, keepTime: true }, title);
        // With a placement, Grafana would hide it behind a button.
        equal(placement, undefined, title);
      }
    });
  }
});

describe("the causes on slow-requests", () => {
  const [heading, ...rest] = dashboards.find(({ uid }) => uid === "slow-requests")?.panels ?? [];
  const row = rest.filter(({ gridPos }) => gridPos.y === 1);

  it("are the first row: queue, pool, query, outbound, loop, memory", () => {
    equal(heading?.type, "row");
    deepEqual(
      row.map(({ title }) => title),
      ["Queue", "Pool", "Query", "Outbound", "Event loop", "Memory"],
    );
  });

  it("are green, yellow or red, and link to the dashboard with details", () => {
    for (const panel of row) {
      equal(panel.fieldConfig?.defaults.thresholds?.steps.length, 3, panel.title);
      const [link, ...more] = dataLinks(panel);
      deepEqual(more, []);
      ok(/^\/d\/(service|database|runtime)\?/.test(link?.url ?? ""), `${panel.title}: ${link?.url}`);
    }
  });
});

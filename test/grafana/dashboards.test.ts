import { deepEqual, equal, ok } from "node:assert/strict";
import { dashboards, dataLinks, files, panels } from "./committed.ts";

describe("the dashboards", () => {
  it("have the file name of their uid, so that addresses are unique", () => {
    for (const [index, { uid }] of dashboards.entries()) equal(files[index], `${uid}.json`);
  });

  it("include those that the README and the alerts link to", () => {
    const uids = dashboards.map(({ uid }) => uid);
    for (const uid of ["slow-requests", "service", "database", "runtime", "services"]) ok(uids.includes(uid), uid);
  });

  it("have unique titles", () => {
    equal(new Set(dashboards.map(({ title }) => title)).size, dashboards.length);
  });

  for (const dashboard of dashboards) {
    it(`${dashboard.uid} refreshes by itself, at one of Grafana's intervals`, () => {
      // With an interval that is not in its list, the page silently never refreshes.
      ok(
        ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"].includes(dashboard.refresh),
        dashboard.refresh,
      );
    });

    it(`${dashboard.uid} has the variables that links pass on`, () => {
      deepEqual(
        dashboard.templating.list.map(({ name }) => name),
        ["service", "instance", "route", "hidden", "percentile", "logs"],
      );
    });

    it(`${dashboard.uid} shows a variable only where it has an effect`, () => {
      for (const { name, type, hide } of dashboard.templating.list) {
        if (type === "constant") continue;
        const used = panels(dashboard).some((panel) => JSON.stringify(panel.targets).includes(`$${name}`));
        // All services are shown without probes too, but without a switch.
        if (name === "hidden" && dashboard.uid === "services") ok(used && hide === 2);
        else equal(hide === 2, !used, `${name} on ${dashboard.uid}`);
      }
    });

    it(`${dashboard.uid} has one menu that leads to all pages and keeps time range and variables`, () => {
      const [link, ...more] = dashboard.links;
      deepEqual(more, [], "in one row");
      const { type, asDropdown, includeVars, keepTime, placement } = link ?? {};
      // With a placement, Grafana would hide it behind a button.
      deepEqual(
        { type, asDropdown, includeVars, keepTime, placement },
        { type: "dashboards", asDropdown: true, includeVars: true, keepTime: true, placement: undefined },
      );
      for (const { uid, tags } of dashboards)
        ok(
          link?.tags.every((tag) => tags.includes(tag)),
          uid,
        );
    });

    it(`${dashboard.uid} marks deploys and breaker changes, unless it shows all services`, () => {
      const names = dashboard.annotations.list.filter(({ enable }) => enable).map(({ name }) => name);
      deepEqual(names, dashboard.uid === "services" ? [] : ["Deploys", "Breakers"]);
    });
  }

  it("leave out what clients do not call, and nothing else", () => {
    const hidden = dashboards[0]?.templating.list.find(({ name }) => name === "hidden");
    const pattern = new RegExp(`^(?:${String(hidden?.current?.value)})$`);
    for (const route of ["/health", "/health/ready", "/metrics", "/faults", "/faults/{name}", "unmatched"]) {
      ok(pattern.test(route), route);
    }
    for (const route of ["/api/orders", "/api/metrics", "/"]) ok(!pattern.test(route), route);
  });
});

describe("the first figures on slow-requests", () => {
  const page = dashboards.find(({ uid }) => uid === "slow-requests");
  const graphs = page?.panels.find(({ type }) => type !== "stat")?.gridPos.y ?? 0;
  const figures = (page?.panels ?? []).filter(({ gridPos }) => gridPos.y < graphs);

  it("are the verdict, the symptoms and the causes, each before what it brings about", () => {
    deepEqual(
      figures.map(({ title }) => title),
      [
        "Waiting for",
        "Failing",
        "p95 ≤ 200 ms",
        "Memory",
        "Breakers open",
        "Event loop",
        "Query",
        "Auth",
        "Outbound",
        "Pool",
        "Queue",
      ],
    );
  });

  it("are green, yellow or red, and link to the panel that explains them", () => {
    for (const panel of figures) {
      equal(panel.fieldConfig?.defaults.thresholds?.steps.length, 3, panel.title);
      const [link, ...more] = dataLinks(panel);
      deepEqual(more, []);
      const expected =
        panel.title === "Waiting for"
          ? /^\/d\/\$\{__field\.labels\.page\}\?/
          : /^\/d\/[a-z-]+\?.*&viewPanel=panel-\d+$/;
      ok(expected.test(link?.url ?? ""), `${panel.title}: ${link?.url}`);
    }
  });
});

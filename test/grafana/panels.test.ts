import { deepEqual, equal, ok } from "node:assert/strict";
import { dashboards, panels } from "./committed.ts";

for (const dashboard of dashboards) {
  describe(`the panels of ${dashboard.uid}`, () => {
    it("say what they mean and what to do", () => {
      for (const { title, description = "" } of panels(dashboard))
        ok(description.length >= 60, `"${title}" explains itself`);
    });

    it("have a unit", () => {
      for (const { title, fieldConfig } of panels(dashboard)) ok(fieldConfig?.defaults.unit, `"${title}" has a unit`);
    });

    it("set their data source, and each query the same", () => {
      // Since Grafana 13 a query's own data source is ignored: one that differs would ask the wrong server.
      for (const { title, datasource, targets } of panels(dashboard)) {
        ok(targets.length > 0, `"${title}" has queries`);
        for (const target of targets) deepEqual(target.datasource, datasource, `"${title}", query ${target.refId}`);
      }
    });

    it("give each query a letter of its own", () => {
      for (const { title, targets } of panels(dashboard)) {
        equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, `"${title}"`);
      }
    });

    it("have titles that tell them apart", () => {
      const titles = panels(dashboard).map(({ title }) => title);
      deepEqual(titles, [...new Set(titles)]);
    });
  });
}

// No panel is empty or fails before anything has happened: on a stack that has just started and only serves probes, and before it
// had any data.
import assert from "node:assert/strict";
import { dashboards, fillIn, queriesOf } from "./dashboards.ts";
import { query } from "./prometheus.ts";

/** Long before this Prometheus started. */
const beforeAll = 24 * 60 * 60;

for (const dashboard of dashboards) {
  const queries = queriesOf(dashboard).filter(({ source }) => source === "prometheus");

  describe(`stack: dashboard "${dashboard.title}" on an idle system`, () => {
    for (const [moment, time] of [
      ["before there is any data", beforeAll],
      ["while nobody calls the service", undefined],
    ] as const) {
      it(`shows figures ${moment}`, async () => {
        const fill = await fillIn(dashboard);
        assert.ok(queries.length > 0);
        for (const { name, target } of queries) {
          const found = await query(fill(target.expr ?? ""), time);
          assert.ok(found.length > 0, `${name}: nothing from ${fill(target.expr ?? "")}`);
          for (const { value } of found) assert.ok(Number.isFinite(value), `${name}: ${value}`);
        }
      });
    }
  });
}

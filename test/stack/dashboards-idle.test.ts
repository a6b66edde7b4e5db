// No query fails and no figure is empty before anything has happened: on a stack that has just started and only serves probes, and before it
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
      it(`runs every query, and leaves no figure and no graph without a value, ${moment}`, async () => {
        const fill = await fillIn(dashboard);
        assert.ok(queries.length > 0);
        const valued = new Set<string>();
        for (const { name, panel, target } of queries) {
          const found = await query(fill(target.expr ?? ""), time);
          if (found.length > 0) valued.add(panel);
          for (const { value } of found) assert.ok(Math.abs(value) !== Number.POSITIVE_INFINITY, `${name}: ${value}`);
        }
        // Tables and bars say in words that they have no row; the others would say "No data" or "not reachable".
        const drawn = queries.filter(({ type }) => type === "stat" || type === "timeseries");
        const empty = drawn.flatMap(({ panel }) => (valued.has(panel) ? [] : [panel]));
        assert.deepEqual(empty, []);
      });
    }
  });
}

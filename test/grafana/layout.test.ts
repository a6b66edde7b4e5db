import { equal, ok } from "node:assert/strict";
import { type CommittedDashboard, dashboards, panels } from "./committed.ts";

// Grafana's grid has 24 columns. A unit of height is 30 px plus an 8 px gap; navigation and variables take about 120 px above.
const columns = 24;
const unitPx = 38;
const headerPx = 120;
const foldPx = 900;

for (const dashboard of dashboards) {
  describe(`the layout of ${dashboard.uid}`, () => {
    it("covers every cell of the grid exactly once", () => {
      const { cells, height } = occupied(dashboard);
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < columns; x += 1) equal(cells.get(`${x},${y}`), 1, `column ${x} of line ${y}`);
      }
      equal(cells.size, columns * height, "something is outside the grid");
    });

    it("gives each panel a unique id", () => {
      const ids = dashboard.panels.map(({ id }) => id);
      equal(new Set(ids).size, ids.length);
    });

    it("has at most 15 panels above the fold of a 1440 × 900 screen", () => {
      const above = panels(dashboard).filter(({ gridPos }) => headerPx + gridPos.y * unitPx < foldPx);
      ok(above.length <= 15, `${above.length} panels`);
    });
  });
}

/** Counts the panels that cover each cell of the grid. */
function occupied({ panels }: CommittedDashboard): { cells: Map<string, number>; height: number } {
  const cells = new Map<string, number>();
  for (const { gridPos } of panels) {
    for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        cells.set(`${x},${y}`, (cells.get(`${x},${y}`) ?? 0) + 1);
      }
    }
  }
  return { cells, height: Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) };
}

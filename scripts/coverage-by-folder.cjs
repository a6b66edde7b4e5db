// A reporter for c8, whose own text report lists every file: one line per folder. CommonJS, because c8 loads it with require().

/** @typedef {{ covered: number, total: number, pct: number }} Metric */
/** @typedef {{ getRelativeName(): string, getCoverageSummary(onlyOwn: boolean): { lines: Metric, branches: Metric } }} Folder */

module.exports = class CoverageByFolder {
  /** @param {{ getTree(kind: "pkg"): { visit(visitor: { onSummary(folder: Folder): void }): void } }} context */
  execute(context) {
    /** @type {string[][]} */
    const rows = [];
    context.getTree("pkg").visit({
      onSummary(folder) {
        const { lines, branches } = folder.getCoverageSummary(false);
        rows.push([folder.getRelativeName() || "all", percent(lines), percent(branches), String(lines.total)]);
      },
    });
    const table = [["folder", "lines %", "branches %", "lines"], ...rows];
    const nameWidth = Math.max(...table.map(([name = ""]) => name.length));
    for (const [name = "", ...cells] of table) {
      console.log([name.padEnd(nameWidth), ...cells.map((cell) => cell.padStart(10))].join("  "));
    }
  }
};

/** @param {Metric} metric */
function percent({ pct, total }) {
  return total === 0 ? "–" : pct.toFixed(1);
}

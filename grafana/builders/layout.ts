// Lays panels out on Grafana's grid, in rows that fill its 24 columns, in the order of the code.
// Done here rather than in the SDK, so that nobody can commit a gap or an overlap.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { type Panel, RowBuilder, type RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

export const gridColumns = 24;

/** Panels side by side, equally wide. `height` is in grid units (38 px). A `title` adds a heading above. */
export type Row = { readonly title?: string; readonly height: number; readonly panels: readonly Builder<Panel>[] };

/** Returns all panels and headings with their grid position. Ids count up from 1 in that order. */
export function layout(rows: readonly Row[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, height, panels } of rows) {
    if (title) {
      placed.push(
        new RowBuilder(title)
          .id(placed.length + 1)
          .gridPos({ x: 0, y, w: gridColumns, h: 1 })
          .build(),
      );
      y += 1;
    }
    const w = gridColumns / panels.length;
    if (!Number.isInteger(w)) throw new Error(`${panels.length} panels do not fill a row of ${gridColumns} columns`);
    for (const [index, panel] of panels.entries()) {
      placed.push({ ...panel.build(), id: placed.length + 1, gridPos: { x: index * w, y, w, h: height } });
    }
    y += height;
  }
  return placed;
}

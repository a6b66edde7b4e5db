// Lays panels out on Grafana's grid: rows that fill its 24 columns, one under the other, in the order they are written.
// Written here and not left to the SDK, so that a gap or an overlap cannot be committed.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { type Panel, RowBuilder, type RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

export const gridColumns = 24;

/** Panels side by side, of one height (in grid units of 38 px), equally wide. With a `title`, a heading is put above. */
export type Row = { readonly title?: string; readonly height: number; readonly panels: readonly Builder<Panel>[] };

/** Every panel and heading with its place and its id, which is its position in the dashboard. */
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

// Lays panels out on Grafana's grid, in rows that fill its 24 columns, in the order of the code.
// Done here rather than in the SDK, so that nobody can commit a gap or an overlap.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import { type Panel, RowBuilder, type RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

export const gridColumns = 24;

/** A block of `width` columns, with one or more lines of equally wide panels. All lines are equally high. */
export type Block = { readonly width: number; readonly lines: readonly (readonly Builder<Panel>[])[] };

/**
 * What stands side by side: blocks, or panels, which share the width equally. `height` is in grid units (38 px). A `title` adds a
 * heading above.
 */
export type Row = { readonly title?: string; readonly height: number } & (
  | { readonly panels: readonly Builder<Panel>[] }
  | { readonly blocks: readonly Block[] }
);

/** A block with a single panel. */
export function wide(width: number, panel: Builder<Panel>): Block {
  return { width, lines: [[panel]] };
}

/** Returns all panels and headings with their grid position. Ids count up from 1 in that order. */
export function layout(rows: readonly Row[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  const id = () => placed.length + 1;
  let y = 0;
  for (const { title, height, ...content } of rows) {
    if (title) {
      placed.push(new RowBuilder(title).id(id()).gridPos({ x: 0, y, w: gridColumns, h: 1 }).build());
      y += 1;
    }
    const blocks = "blocks" in content ? content.blocks : [{ width: gridColumns, lines: [content.panels] }];
    let left = 0;
    for (const { width, lines } of blocks) {
      const h = whole(height, lines.length, "lines", "height");
      for (const [line, panels] of lines.entries()) {
        const w = whole(width, panels.length, "panels", "width");
        for (const [index, panel] of panels.entries()) {
          placed.push({ ...panel.build(), id: id(), gridPos: { x: left + index * w, y: y + line * h, w, h } });
        }
      }
      left += width;
    }
    if (left !== gridColumns) throw new Error(`the blocks of a row are ${left} columns wide, not ${gridColumns}`);
    y += height;
  }
  return placed;
}

function whole(size: number, parts: number, what: string, of: string): number {
  const each = size / parts;
  if (!Number.isInteger(each)) throw new Error(`${parts} ${what} do not fill a ${of} of ${size}`);
  return each;
}

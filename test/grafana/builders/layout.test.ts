import { deepEqual, throws } from "node:assert/strict";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/text";
import { layout, wide } from "../../../grafana/builders/layout.ts";

describe("layout", () => {
  const panel = new PanelBuilder();

  it("places headings above their row and rows below each other", () => {
    const placed = layout([
      { height: 4, panels: [panel, panel] },
      { title: "more", height: 8, panels: [panel] },
    ]);
    deepEqual(
      placed.map(({ id, gridPos }) => ({ id, ...gridPos })),
      [
        { id: 1, x: 0, y: 0, w: 12, h: 4 },
        { id: 2, x: 12, y: 0, w: 12, h: 4 },
        { id: 3, x: 0, y: 4, w: 24, h: 1 },
        { id: 4, x: 0, y: 5, w: 24, h: 8 },
      ],
    );
  });

  it("places blocks side by side, and the lines of each below each other", () => {
    const placed = layout([{ height: 6, blocks: [wide(4, panel), { width: 20, lines: [[panel], [panel, panel]] }] }]);
    deepEqual(
      placed.map(({ gridPos }) => gridPos),
      [
        { x: 0, y: 0, w: 4, h: 6 },
        { x: 4, y: 0, w: 20, h: 3 },
        { x: 4, y: 3, w: 10, h: 3 },
        { x: 14, y: 3, w: 10, h: 3 },
      ],
    );
  });

  it("rejects blocks that leave a gap", () => {
    throws(() => layout([{ height: 4, blocks: [wide(20, panel)] }]), /20 columns wide, not 24/);
  });

  it("rejects a row that would leave a gap", () => {
    throws(() => layout([{ height: 4, panels: [panel, panel, panel, panel, panel] }]), /5 panels do not fill/);
  });
});

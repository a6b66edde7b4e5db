import { deepEqual, throws } from "node:assert/strict";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/text";
import { layout } from "../../../grafana/builders/layout.ts";

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

  it("rejects a row that would leave a gap", () => {
    throws(() => layout([{ height: 4, panels: [panel, panel, panel, panel, panel] }]), /5 panels do not fill/);
  });
});

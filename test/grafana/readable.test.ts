// What a person can read in ten seconds, on a screen of 1440 × 900 with Grafana's menu docked, which is its default.
import { deepEqual, ok } from "node:assert/strict";
import { z } from "zod";
import { dashboards, overridden, type Panel, panels } from "./committed.ts";

// Measured on a picture of such a screen: the menu takes 300 px, the page has margins of 16 px, panels are 8 px apart and have
// 8 px inside; the icon for the description takes 32 px of the title. Text is Inter: 14 px, on axes 12 px.
const screenPx = 1440;
const contentPx = screenPx - 300 - 2 * 16;
const gapPx = 8;
const widthPx = ({ gridPos }: Panel) => (gridPos.w * (contentPx + gapPx)) / 24 - gapPx;
const titlePx = (panel: Panel) => widthPx(panel) - 2 * 8 - 32;
const cellPaddingPx = 14;

/** A long route, and its name as a trace's. */
const longestRoute = "/api/customers/{customerId}/shipments";
const longestTrace = `GET ${longestRoute}`;

/** Estimates the width of text in Inter, a little generously. */
function textPx(text: string, fontPx = 14): number {
  const narrow = (text.match(/[iljtfrI.,:;/|!'() ]/g) ?? []).length;
  const broad = (text.match(/[mwMW%@]/g) ?? []).length;
  const capital = (text.match(/[A-LN-VX-Z≤≥]/g) ?? []).length;
  const rest = text.length - narrow - broad - capital;
  return (fontPx / 14) * (4.4 * narrow + 11.6 * broad + 9.2 * capital + 7.9 * rest);
}

const all = dashboards.flatMap((dashboard) => panels(dashboard).map((panel) => ({ uid: dashboard.uid, panel })));
const ofType = (type: string) => all.filter(({ panel }) => panel.type === type).map(({ panel }) => panel);

describe("the pages at 1440 × 900", () => {
  for (const { uid, panel } of all) {
    it(`show the whole title of "${panel.title}" on ${uid}`, () => {
      ok(
        textPx(panel.title) <= titlePx(panel),
        `${Math.round(textPx(panel.title))} px in ${Math.round(titlePx(panel))} px`,
      );
    });
  }

  it("give the first column of a table the room for the longest name, and numbers little", () => {
    for (const panel of ofType("table")) {
      const widths = overridden(panel, "custom.width").map(({ value }) => z.number().parse(value));
      for (const width of widths) ok(width <= 100, `${panel.title}: ${width} px`);
      const room = widthPx(panel) - 2 * 8 - widths.reduce((sum, width) => sum + width, 0) - cellPaddingPx;
      const keyed =
        { "Slowest routes": longestRoute, "Slow traces": longestTrace }[panel.title] ?? "customers.count_order";
      ok(textPx(keyed) <= room, `${panel.title}: ${Math.round(room)} px for ${Math.round(textPx(keyed))}`);
    }
  });

  it("show six rows of a table", () => {
    for (const { title, gridPos } of ofType("table")) ok(gridPos.h >= 8, title);
  });

  it("label bars in full, for which Grafana takes at most 40 % of the panel", () => {
    for (const panel of ofType("barchart")) {
      ok(textPx(longestRoute, 12) <= 0.4 * (widthPx(panel) - 2 * 8), `${panel.title}: ${widthPx(panel)} px`);
    }
  });

  it("sort bars, and leave the sum out of them", () => {
    for (const { title, transformations } of ofType("barchart")) {
      deepEqual(
        transformations.map(({ id }) => id),
        ["merge", "calculateField", "sortBy", "limit", "organize"],
        title,
      );
      deepEqual(transformations.at(-1)?.options.excludeByName, { Time: true, Sum: true });
    }
  });
});

// Looks at a page of Grafana in a browser: waits until its panels have loaded, and finds those that failed.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Tab } from "./browser.ts";

// From @grafana/e2e-selectors 13.1: Panels.Panel.content, .loadingBar(), .status("error"), .title(), and Alert.alertV2("error").
const found = `(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const header = "data-testid Panel header ";
  const title = (badge) => badge.closest('[data-testid^="' + header + '"]')?.getAttribute("data-testid").slice(header.length);
  return {
    panels: all('[data-testid="data-testid panel content"]').length,
    loading: all('[aria-label="Panel loading bar"]').length,
    failed: [
      ...all('[data-testid="data-testid Panel status error"]'),
      ...all('[data-testid="data-testid Alert error"]'),
    ].map((badge) => title(badge) ?? badge.textContent),
  };
})()`;
const state = z.object({ panels: z.number(), loading: z.number(), failed: z.array(z.string()) });
export type PageState = z.infer<typeof state>;

/** How long to wait for a page, and how long it must have been quiet: panels that have just arrived may start to load later. */
export interface Patience {
  limitMs: number;
  quietMs: number;
}

/** Waits until the page has at least `panels` panels and none is loading. Returns what it shows then, or at the time limit. */
export async function untilLoaded(tab: Tab, panels: number, { limitMs, quietMs }: Patience): Promise<PageState> {
  const end = performance.now() + limitMs;
  let quietSince = performance.now();
  for (;;) {
    const now = state.parse(await tab.evaluate(found));
    if (now.panels < panels || now.loading > 0) quietSince = performance.now();
    if (performance.now() - quietSince >= quietMs || performance.now() > end) return now;
    await sleep(100);
  }
}

/** What is wrong with a page that should have `panels` panels. */
export function problems({ panels: shown, loading, failed }: PageState, panels: number): string[] {
  return [
    ...(shown < panels ? [`shows ${shown} of ${panels} panels`] : []),
    ...(loading > 0 ? [`panels still loading: ${loading}`] : []),
    ...failed.map((title) => `has an error: ${title}`),
  ];
}

/** Waits until the page contains `text`. Returns whether it does within the limit. */
export async function untilText(tab: Tab, text: string, { limitMs }: Patience): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    if ((await tab.evaluate(`document.body?.innerText.includes(${JSON.stringify(text)})`)) === true) return true;
    await sleep(100);
  }
  return false;
}

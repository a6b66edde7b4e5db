// Takes the pictures: of each dashboard what fits a screen and all of it, and a slow request's trace in Explore.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { serviceName } from "../bootstrap/package.js";
import type { Tab } from "./browser.ts";
import { type Patience, problems, untilLoaded, untilText } from "./grafana-page.ts";

/** What of a dashboard's JSON matters here. */
export const dashboard = z.object({
  uid: z.string(),
  panels: z.array(z.object({ type: z.string(), gridPos: z.object({ y: z.number(), h: z.number() }) })),
});

/** A common laptop. */
export const screen = { width: 1440, height: 900 };

export interface Session {
  tab: Tab;
  /** Where Grafana is. */
  grafana: string;
  /** Where the pictures go. */
  folder: string;
  patience: Patience;
}

/** Takes UID.png and UID-full.png. Returns what is wrong with the page. */
export async function takePage(session: Session, { uid, panels }: z.infer<typeof dashboard>): Promise<string[]> {
  const { tab, grafana, patience } = session;
  await tab.resize(screen.width, screen.height);
  await tab.navigate(`${grafana}/d/${uid}`);
  const first = await untilLoaded(tab, 1, patience);
  await save(session, `${uid}.png`);
  // Grafana loads a panel when it comes into view. A row of its grid is 38 pixels high.
  const rows = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  await tab.resize(screen.width, Math.max(screen.height, rows * 38 + 300));
  const expected = panels.filter(({ type }) => type !== "row").length;
  const all = await untilLoaded(tab, expected, patience);
  await save(session, `${uid}-full.png`);
  return problems({ ...all, failed: [...new Set([...first.failed, ...all.failed])] }, expected);
}

const jaeger = { type: "jaeger", uid: "jaeger" };
const searchResult = z.object({
  results: z.object({
    A: z.object({ frames: z.array(z.object({ data: z.object({ values: z.array(z.array(z.unknown())) }) })) }),
  }),
});

/** Takes trace.png: a request that took 0.5 s or more in the last 15 minutes. Returns what is wrong. */
export async function takeTrace(session: Session): Promise<string[]> {
  const { tab, grafana, patience } = session;
  const search = { refId: "A", datasource: jaeger, queryType: "search", service: serviceName, limit: 20 };
  const response = await fetch(`${grafana}/api/ds/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "now-15m", to: "now", queries: [{ ...search, minDuration: "500ms" }] }),
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) return [`Grafana answered ${response.status}: ${await response.text()}`];
  const [frame] = searchResult.parse(await response.json()).results.A.frames;
  // The first column is the trace id.
  const id = frame?.data.values[0]?.[0];
  if (typeof id !== "string") return ["no request took 0.5 s or more"];
  const queries = [{ refId: "A", datasource: jaeger, query: id }];
  const panes = { trace: { datasource: jaeger.uid, queries, range: { from: "now-1h", to: "now" } } };
  await tab.resize(screen.width, screen.height);
  await tab.navigate(`${grafana}/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify(panes))}`);
  const shown = await untilText(tab, "Service & Operation", patience);
  await save(session, "trace.png");
  return shown ? [] : [`Explore does not show ${id}`];
}

async function save({ tab, folder }: Session, name: string): Promise<void> {
  await writeFile(join(folder, name), await tab.picture());
}

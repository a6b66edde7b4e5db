// Writes dashboards/*.json from the typed dashboards here (`npm run dashboards`). The JSON is committed, so that Grafana
// needs no build step; a test fails when it is not what this would write.
import { writeFileSync } from "node:fs";
import { slowRequests } from "./slow-requests.ts";

export const dashboards = [slowRequests];

/** Each dashboard's file and its exact text. */
export function render(): { file: URL; text: string }[] {
  return dashboards.map((dashboard) => ({
    file: new URL(`dashboards/${dashboard.uid}.json`, import.meta.url),
    text: `${JSON.stringify(dashboard, null, 2)}\n`,
  }));
}

if (import.meta.main) {
  for (const { file, text } of render()) writeFileSync(file, text);
}

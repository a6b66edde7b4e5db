// Generates dashboards/*.json from the typed dashboards here (`npm run dashboards`). The JSON is committed, so that Grafana needs
// no build step. --check writes nothing and fails when a file is out of date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { withPanelNumbers } from "./builders/links.ts";
import { database } from "./pages/database.ts";
import { runtime } from "./pages/runtime.ts";
import { service } from "./pages/service.ts";
import { services } from "./pages/services.ts";
import { slowRequests } from "./pages/slow-requests.ts";

const dashboards = [slowRequests, service, database, runtime, services];
const folder = new URL("dashboards/", import.meta.url);

/** Each dashboard's file and its exact text. */
const rendered = new Map(
  dashboards.map((dashboard) => [
    `${dashboard.uid}.json`,
    `${withPanelNumbers(JSON.stringify(dashboard, null, 2), dashboards)}\n`,
  ]),
);

function differing(): string[] {
  const committed = readdirSync(folder);
  const names = new Set([...rendered.keys(), ...committed]);
  return [...names].filter(
    (name) => !committed.includes(name) || readFileSync(new URL(name, folder), "utf8") !== rendered.get(name),
  );
}

if (process.argv.includes("--check")) {
  for (const name of differing()) {
    console.error(`grafana/dashboards/${name} is out of date: run npm run dashboards`);
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of rendered) writeFileSync(new URL(name, folder), text);
}

// `npm run screenshots`: pictures of every page of the running Grafana, as a browser shows them, and of a slow request's trace. Fails
// on a panel with an error. Needs Chrome or Chromium (CHROME_PATH, if it is not on PATH). `-- --folder FOLDER`, `--grafana ADDRESS`.
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Browser, findBrowser } from "./screenshots/browser.ts";
import { dashboard, screen, takePage, takeTrace } from "./screenshots/take.ts";

const { grafana, folder } = parseArgs({
  options: {
    grafana: { type: "string", default: `http://127.0.0.1:${process.env.GRAFANA_PORT || 3000}` },
    folder: { type: "string", default: "screenshots" },
  },
}).values;

const program = findBrowser();
if (program === undefined) throw new Error("no Chrome or Chromium found: install one, or set CHROME_PATH");
const committed = join(import.meta.dirname, "../grafana/dashboards");
const names = (await readdir(committed)).filter((name) => name.endsWith(".json"));
await mkdir(folder, { recursive: true });

const browser = await Browser.start(program);
try {
  const tab = await browser.open(screen.width, screen.height);
  const session = { tab, grafana, folder, patience: { limitMs: 60_000, quietMs: 2000 } };
  for (const name of names) {
    const page = dashboard.parse(JSON.parse(await readFile(join(committed, name), "utf8")));
    report(page.uid, await takePage(session, page));
  }
  report("trace", await takeTrace(session));
} finally {
  await browser.close();
}

function report(page: string, problems: string[]): void {
  if (problems.length === 0) console.log(`${page}: complete`);
  else process.exitCode = 1;
  for (const problem of problems) console.error(`${page}: ${problem}`);
}

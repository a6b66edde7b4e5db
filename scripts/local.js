// `npm run local [-- --watch --traffic=off]`: the service with a database, a traces page, a webhook receiver and traffic,
// without Docker. This script runs on the system's Node, what it starts on the project's.
import "./bootstrap/node-version.js";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "./bootstrap/child.js";
import { describeDatabase, openDatabase } from "./bootstrap/database/open.js";
import { ensureDependencies } from "./bootstrap/dependencies.js";
import { explain } from "./bootstrap/failure.js";
import { startKeeper } from "./bootstrap/keeper.js";
import { localParts } from "./bootstrap/local-parts.js";
import { readableLogLine } from "./bootstrap/log-line.js";
import { requireFreePorts } from "./bootstrap/ports.js";
import { createProgress } from "./bootstrap/progress.js";
import { untilOk } from "./bootstrap/ready.js";
import { localSettings } from "./bootstrap/settings.js";
import { aborted, stopSignal } from "./bootstrap/stop-signal.js";
import { createSupervisor } from "./bootstrap/supervisor.js";

const READY_LIMIT_MS = 30_000;
/** Longer than the service's SHUTDOWN_TIMEOUT_MS, so that it can drain. */
const STOP_LIMIT_MS = 15_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const supervisor = createSupervisor((name) => console.log(`  stopped ${name}`));
const stopAsked = stopSignal(() => supervisor.kill());
const ending = AbortSignal.any([stopAsked, supervisor.died]);
const keeper = startKeeper();
const { step, print } = createProgress(process.stdout);

try {
  await start();
  await aborted(ending);
} catch (error) {
  if (!ending.aborted) fail(error);
}
if (stopAsked.aborted) console.log("\nStopping; Ctrl-C again kills everything.");
else if (supervisor.died.aborted) fail(supervisor.died.reason);
await supervisor.stop();
await keeper.close();
process.exit();

/** Starts everything in order and adds each part to the supervisor as soon as it runs. */
async function start() {
  const dotenv = await readFile(join(root, ".env"), "utf8").catch(() => "");
  const settings = localSettings(process.env, dotenv, process.argv.slice(2));
  const { service, viewer, webhook } = settings.ports;
  await requireFreePorts(settings.ownViewer ? [service, viewer, webhook] : [service, webhook]);

  const node = await step("dependencies", async (note) => {
    const { node, installed } = await ensureDependencies(root, { signal: ending, note });
    return { shown: installed ? "installed" : "present", value: node };
  });
  const mysqlUrl = await step("database", async (note) => {
    const database = await openDatabase({
      env: settings.env,
      keepIn: join(root, ".local"),
      signal: ending,
      keeper,
      note,
    });
    if (database.child !== undefined) supervisor.add("database", database.child);
    return { shown: describeDatabase(database), value: database.url };
  });
  for (const part of localParts(settings, mysqlUrl)) {
    await step(part.name, async () => {
      ending.throwIfAborted();
      supervisor.add(part.name, startPart(node, part));
      const { readyUrl, readyLimitMs = READY_LIMIT_MS } = part;
      if (readyUrl !== undefined) await untilOk(readyUrl, { signal: ending, limitMs: readyLimitMs });
      return { shown: readyUrl === undefined ? "runs" : new URL(readyUrl).origin, value: undefined };
    });
  }
  console.log(welcome(settings));
}

/** @param {string} node @param {import("./bootstrap/local-parts.js").LocalPart} part */
function startPart(node, { name, args, env, shown }) {
  const prefix = `${name.padEnd(8)}| `;
  return startChild({
    file: node,
    args,
    cwd: root,
    env,
    keeper,
    stopLimitMs: STOP_LIMIT_MS,
    onLine(line, stream) {
      const text = readableLogLine(line, { all: shown === "all", plain: shown === "all" || stream === "stderr" });
      if (text !== undefined && shown !== "nothing") print(text.replaceAll(/^/gm, prefix));
    },
  });
}

/** @param {ReturnType<typeof localSettings>} settings */
function welcome({ env, serviceUrl, viewerUrl, ownViewer }) {
  const credentials =
    env.API_KEYS === undefined ? "X-API-Key: development-key" : "Authorization: Bearer $(npm run --silent token)";
  return `
  service   ${serviceUrl}
  traces    ${ownViewer ? viewerUrl : `sent to ${env.OTEL_EXPORTER_OTLP_ENDPOINT} (OTEL_EXPORTER_OTLP_ENDPOINT)`}
  try       curl '${serviceUrl}/api/automations/marketplace?limit=3'
            curl -H "${credentials}" ${serviceUrl}/api/automations/1
  stop      Ctrl-C
`;
}

/** @param {unknown} error */
function fail(error) {
  console.error(`\n${explain(error)}`);
  process.exitCode = 1;
}

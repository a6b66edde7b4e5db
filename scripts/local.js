// `npm run local [-- --logs --inspect]`: the service with a database, a traces page and the example's traffic, without Docker.
// `npm run dev` adds --watch: the service restarts on every change. This script runs on the system's Node, what it starts on the
// project's.
import "./bootstrap/node-version.js";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "./bootstrap/child.js";
import { describeDatabase, openDatabase } from "./bootstrap/database/open.js";
import { ensureDependencies } from "./bootstrap/dependencies.js";
// example: begin
import { exampleCommands, summariseTraffic } from "./bootstrap/example.js";
// example: end
import { explain } from "./bootstrap/failure.js";
import { startKeeper } from "./bootstrap/keeper.js";
import { localParts } from "./bootstrap/local-parts.js";
import { readableLogLine } from "./bootstrap/log-line.js";
import { requireFreePorts } from "./bootstrap/ports.js";
import { createProgress } from "./bootstrap/progress.js";
import { untilOk } from "./bootstrap/ready.js";
import { restartingService } from "./bootstrap/restarting-service.js";
import { claimRun } from "./bootstrap/running.js";
import { readSettings } from "./bootstrap/settings.js";
import { aborted, stopSignal } from "./bootstrap/stop-signal.js";
import { createSupervisor } from "./bootstrap/supervisor.js";

const READY_LIMIT_MS = 30_000;
/** Longer than the service's SHUTDOWN_TIMEOUT_MS, so that it can drain. */
const STOP_LIMIT_MS = 15_000;
/** The next one runs already by then. */
const RESTART_LIMIT_MS = 3000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const progress = createProgress(process.stdout);
const { step, print } = progress;
const supervisor = createSupervisor((name) => print(`  stopped ${name}`));
const stopAsked = stopSignal(() => supervisor.kill());
const ending = AbortSignal.any([stopAsked, supervisor.died]);
const keeper = startKeeper();
/** What to undo at the end, last first. @type {(() => unknown)[]} */
const cleanUps = [];
/** @type {((line: string) => boolean)[]} take the service's lines that are not shown */
const lineFilters = [];

try {
  await start();
  await aborted(ending);
} catch (error) {
  if (!ending.aborted) fail(error);
}
for (const cleanUp of cleanUps.reverse()) await cleanUp();
if (stopAsked.aborted) console.log("\nStopping; Ctrl-C again kills everything.");
else if (supervisor.died.aborted) fail(supervisor.died.reason);
await supervisor.stop();
await keeper.close();
process.exit();

/** Starts everything in order and adds each part to the supervisor as soon as it runs. */
async function start() {
  const settings = await readSettings(root);
  const { serviceUrl, traces, ports } = settings;
  const own = { service: serviceUrl, traces, ports: ports.map(({ port }) => port) };
  cleanUps.push(await claimRun(join(root, ".local", "running"), own));
  await requireFreePorts(ports);

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
      const { readyUrl, readyLimitMs = READY_LIMIT_MS } = part;
      if (settings.watch && part.name === "service") {
        const startService = (/** @type {typeof part} */ changed) => startPart(node, changed, RESTART_LIMIT_MS);
        const options = { root, settings, mysqlUrl, start: startService, print: printer(part.name) };
        supervisor.add(part.name, restartingService(options));
      } else {
        supervisor.add(part.name, startPart(node, part));
      }
      if (readyUrl !== undefined) await untilOk(readyUrl, { signal: ending, limitMs: readyLimitMs });
      return { shown: readyUrl === undefined ? "runs" : new URL(readyUrl).origin, value: undefined };
    });
  }
  console.log(welcome(settings));
  // example: begin
  if (settings.example.traffic && !settings.allLines) {
    const summary = summariseTraffic({ serviceUrl, traces, progress });
    lineFilters.push(summary.takes);
    cleanUps.push(summary.close);
  }
  // example: end
}

/** @param {string} name @returns {(text: string) => void} prints lines of a part */
function printer(name) {
  const prefix = `${name.padEnd(8)}| `;
  return (text) => print(text.replaceAll(/^/gm, prefix));
}

/** @param {string} node @param {import("./bootstrap/local-parts.js").LocalPart} part @param {number} [stopLimitMs] */
function startPart(node, { name, args, env, shown }, stopLimitMs = STOP_LIMIT_MS) {
  const show = printer(name);
  return startChild({
    file: node,
    args,
    cwd: root,
    env,
    keeper,
    stopLimitMs,
    onLine(line, stream) {
      if (name === "service" && lineFilters.some((takes) => takes(line))) return;
      const text = readableLogLine(line, { all: shown === "all", plain: shown === "all" || stream === "stderr" });
      if (text !== undefined && shown !== "nothing") show(text);
    },
  });
}

/** @param {Awaited<ReturnType<typeof readSettings>>} settings */
function welcome(settings) {
  const { serviceUrl, traces } = settings;
  const lines = [`service   ${serviceUrl}`, `traces    ${traces}`];
  const credentials =
    settings.env.API_KEYS === undefined
      ? "X-API-Key: development-key"
      : "Authorization: Bearer $(npm run --silent token)";
  // own: begin
  // lines.push(`try       curl -H "${credentials}" ${serviceUrl}/api/{{domain}}`);
  // own: end
  // example: begin
  const [first, ...more] = exampleCommands(serviceUrl, credentials);
  lines.push(`try       ${first}`, ...more.map((command) => `          ${command}`));
  // example: end
  lines.push("stop      Ctrl-C");
  return `\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** @param {unknown} error */
function fail(error) {
  console.error(`\n${explain(error)}`);
  process.exitCode = 1;
}

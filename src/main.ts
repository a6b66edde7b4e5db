// The process: reads the configuration, listens, prepares the database, and stops in an order that loses nothing.
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "./app.ts";
import { type Config, loadConfig } from "./config/config.ts";
import { whenAvailable } from "./platform/database/availability.ts";
import { withLock } from "./platform/database/connection.ts";
import { Database } from "./platform/database/database.ts";
import { migrate } from "./platform/database/migrate.ts";
import { checkServer } from "./platform/database/server-check.ts";
import { Drain } from "./platform/http/drain.ts";
import { httpServer } from "./platform/http/server.ts";
import { createLogger, type Logger } from "./platform/log.ts";
import { shutdownTime, within } from "./platform/shutdown-time.ts";
import { reportDiagnostics } from "./platform/telemetry/diagnostics.ts";
import { ConfigError } from "./platform/variables.ts";
import { telemetry } from "./telemetry.ts";

const drain = new Drain();
let prepared = false;
const { config, log, database, app, admin, close } = setUp();
reportDiagnostics(log);
for (const note of telemetry.notes) log.warn(note);

const stopping = new AbortController();
let exitCode = 0;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) endNow(signal);
    stopping.abort(signal);
  });
}
// The process is in a state that nobody thought of: what runs may finish, and the orchestrator starts another.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => {
    log.fatal({ err: error }, event);
    if (stopping.signal.aborted) endNow(event);
    exitCode = 1;
    stopping.abort(event);
  });
}

const server = httpServer(config.server, app.callback());
listen(server, config.port, "PORT", "listening");
if (admin && config.adminPort !== undefined) {
  // Never closed: until the process ends, probes are told that it is not ready.
  listen(
    httpServer(config.server, admin.callback()),
    config.adminPort,
    "ADMIN_PORT",
    "listening for health and metrics",
  );
}
stopping.signal.addEventListener("abort", stop);
const preparing = prepareDatabase(config, log).then(() => {
  prepared = true;
  log.info("ready");
}, failToPrepare);

function listen(own: Server, port: number, variable: string, message: string): void {
  own.once("error", (error) => {
    log.fatal({ err: error, host: config.host, port }, `cannot listen: see HOST and ${variable}`);
    process.exit(1);
  });
  own.listen(port, config.host, () => log.info({ address: own.address() }, message));
}

/** Not ready → the load balancer sees it → no new connections → running requests end → database → telemetry. */
async function stop(): Promise<void> {
  log.info({ reason: stopping.signal.reason }, "stopping");
  drain.stopAccepting();
  const { delayMs, timeoutMs } = config.shutdown;
  // Before it was ready, no load balancer has sent anything.
  if (prepared) await sleep(delayMs);
  const phase = shutdownTime(timeoutMs);
  await drain.finish(server, phase.requestsMs());
  // A migration that is under way is not to be cut in its middle.
  await within(phase.requestsMs(), preparing);
  await within(phase.connectionsMs(), Promise.all([database.close(), close()]));
  // Last, so that the spans of the drain itself arrive.
  await within(phase.telemetryMs(), flushTelemetry());
  log.info("stopped");
  // What did not end in its time shall not hold the process.
  process.exit(exitCode);
}

/** A second signal, or a second error: somebody does not want to wait. */
function endNow(reason: string): never {
  log.error({ reason }, "ending at once");
  process.exit(1);
}

/** A collector that is away is no reason to end with an error; that it is away has been said. */
async function flushTelemetry(): Promise<void> {
  await telemetry.shutdown().catch((error: unknown) => log.debug({ err: error }, "telemetry was left unsent"));
}

/** Migrations and example data, one replica at a time, as soon as the database is there. */
async function prepareDatabase(config: Config, logger: Logger): Promise<void> {
  const { environment, database, replicas, bodyLimitBytes, domains } = config;
  const { url, limit } = database;
  const expected = { url, limit, replicas, bodyLimitBytes, production: environment === "production" };
  const prepare = () =>
    withLock(url, { name: "migrations", waitS: 600, signal: stopping.signal }, async (connection) => {
      await checkServer(connection, expected, logger);
      await migrate(connection, import.meta.dirname, "*/migrations/*.ts", logger);
      for (const domain of domains) await domain.prepare?.(connection, logger);
    });
  await whenAvailable(prepare, { log: logger, signal: stopping.signal });
}

/** Without its tables the service is of no use; a stop that came first is no failure. */
function failToPrepare(error: unknown): void {
  if (stopping.signal.aborted) return;
  log.fatal({ err: error }, "the database could not be prepared");
  exitCode = 1;
  stopping.abort("preparation failed");
}

/** Builds everything that the configuration can be wrong for, before anything is begun. */
function setUp() {
  try {
    const config = loadConfig(process.env);
    const log = createLogger(config.logLevel);
    const database = new Database(config.database, log);
    return {
      config,
      log,
      database,
      ...buildApp(config, { database, log, drain, metricsReader: telemetry.metricsReader, prepared: () => prepared }),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

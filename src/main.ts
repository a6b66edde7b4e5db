// The process: reads the configuration, listens, prepares the database, and shuts down in an order that loses nothing.
import type { Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "./app.ts";
import { type Config, loadConfig } from "./config/config.ts";
import { domains as allDomains } from "./domains.ts";
import { prepareRows } from "./faults/rows.ts";
import { withLock } from "./platform/database/connection.ts";
import { Database } from "./platform/database/database.ts";
import { migrate, migrationLock } from "./platform/database/migrate.ts";
import { checkServer } from "./platform/database/server-settings-check.ts";
import { whenAvailable } from "./platform/database/wait-until-available.ts";
import { whenMigrated } from "./platform/database/wait-until-migrated.ts";
import { Drain } from "./platform/http/drain.ts";
import { httpServer } from "./platform/http/server.ts";
import { createLogger, type Logger, logFlushMs } from "./platform/log.ts";
import { shutdownTime, within } from "./platform/shutdown-time.ts";
import { reportDiagnostics } from "./platform/telemetry/diagnostics.ts";
import { ConfigError } from "./platform/variables.ts";
import { telemetry } from "./telemetry.ts";

const drain = new Drain();
let prepared = false;
const { config, log, database, app, admin, close } = setUp();
reportDiagnostics(log);
for (const note of telemetry.notes) log.warn(note);
for (const { name, nearest } of config.misspelt) log.warn(`${name} is not known: did you mean ${nearest}?`);

const stopping = new AbortController();
let exitCode = 0;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) endNow(signal);
    else stopping.abort(signal);
  });
}
// After such an error the process is in an unknown state: running requests may finish, and the orchestrator starts another.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error) => {
    log.fatal({ err: error }, event);
    exitCode = 1;
    if (stopping.signal.aborted) endNow(event);
    else stopping.abort(event);
  });
}

const server = httpServer(config.server, app.callback());
listen(server, config.port, "PORT", "listening");
if (admin && config.adminPort !== undefined) {
  // Never closed: until the process exits, probes hear that it is not ready.
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
}, onPreparationFailure);

function listen(httpServer: Server, port: number, variable: string, message: string): void {
  httpServer.once("error", (error) => {
    log.fatal({ err: error, host: config.host, port }, `cannot listen: see HOST and ${variable}`);
    // Nobody waits for a process that never served, and the line says why.
    exitSoon(5000);
  });
  httpServer.listen(port, config.host, () => log.info({ address: httpServer.address() }, message));
}

/** Not ready → the load balancer notices → no new connections → running requests finish → database → telemetry. */
async function stop(): Promise<void> {
  log.info({ reason: stopping.signal.reason }, "stopping");
  drain.stopAccepting();
  const { delayMs, timeoutMs } = config.shutdown;
  // Before it is ready, no load balancer sends anything.
  if (prepared) await sleep(delayMs);
  const phase = shutdownTime(timeoutMs);
  await drain.finish(server, phase.requestsMs());
  // Do not cut off a migration halfway.
  await within(phase.requestsMs(), preparing);
  await within(phase.connectionsMs(), Promise.all([database.close(), close()]));
  log.info("stopped");
  // Last, so that the drain's own spans and this line are sent too.
  await within(phase.telemetryMs(), flushTelemetry());
  // Whatever did not finish in time must not keep the process alive.
  process.exit(exitCode);
}

/** After a second signal or a second fatal error: exit without waiting for requests. */
function endNow(reason: string): void {
  log.error({ reason }, "exiting at once");
  exitSoon();
}

/** Exits with 1 as soon as the last log lines are sent, which say why, or after `limitMs`. At once if they go to standard output only. */
function exitSoon(limitMs = logFlushMs): void {
  const exit = () => process.exit(1);
  within(limitMs, telemetry.flushLogs()).then(exit, exit);
}

/** An unreachable collector is not a reason to exit with an error, and has been logged already. */
async function flushTelemetry(): Promise<void> {
  await telemetry.shutdown().catch((error: unknown) => log.debug({ err: error }, "last telemetry not sent"));
}

/** Runs migrations (or waits for them) and the domains' preparation, one replica at a time, as soon as the database is available. */
async function prepareDatabase(config: Config, logger: Logger): Promise<void> {
  const { environment, database, replicas, bodyLimitBytes, domains, faults } = config;
  const { url, limit, migrateOnStart } = database;
  const expected = { url, limit, replicas, bodyLimitBytes, production: environment === "production" };
  const { signal } = stopping;
  const prepare = async () => {
    if (!migrateOnStart) await whenMigrated(url, allDomains, { log: logger, signal });
    await withLock(url, { name: migrationLock, waitS: 600, signal }, async (connection) => {
      await checkServer(connection, expected, logger);
      if (migrateOnStart) await migrate(connection, allDomains, logger);
      for (const domain of domains) await domain.prepare?.(connection, logger);
      if (faults) await prepareRows(connection);
    });
  };
  await whenAvailable(prepare, { log: logger, signal });
}

/** Shuts down, since the service is useless without its tables. If it is stopping already, this is not a failure. */
function onPreparationFailure(error: unknown): void {
  if (stopping.signal.aborted) return;
  log.fatal({ err: error }, "could not prepare the database");
  exitCode = 1;
  stopping.abort("preparation failed");
}

/** Builds everything that depends on the configuration, so that an invalid one ends the process before it starts anything. */
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

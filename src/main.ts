// The process: reads the configuration, prepares the database, listens, and stops in an order that loses nothing.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "./app.ts";
import { seedAutomations } from "./automations/seed.ts";
import { type Config, loadConfig } from "./config.ts";
import { withLock } from "./platform/database/connection.ts";
import { Database } from "./platform/database/database.ts";
import { migrate } from "./platform/database/migrate.ts";
import { Drain } from "./platform/drain.ts";
import { createLogger, type Logger } from "./platform/log.ts";
import { reportDiagnostics } from "./platform/telemetry-diagnostics.ts";
import { ConfigError } from "./platform/variables.ts";
import { metricsReader, telemetry } from "./telemetry.ts";

const drain = new Drain();
const { config, log, database, app, close } = setUp();
reportDiagnostics(log);

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

try {
  await prepareDatabase(config, log);
} catch (error) {
  log.fatal({ err: error }, "the database could not be prepared");
  await flushTelemetry();
  process.exit(1);
}
const server = createServer(config.server, app.callback());
server.once("error", (error) => {
  log.fatal({ err: error, host: config.host, port: config.port }, "cannot listen: see HOST and PORT");
  process.exit(1);
});
if (stopping.signal.aborted) await stop();
stopping.signal.addEventListener("abort", stop);
server.listen(config.port, config.host, () => log.info({ address: server.address() }, "listening"));

/** Not ready → the load balancer sees it → no new connections → running requests end → database → telemetry. */
async function stop(): Promise<void> {
  log.info({ reason: stopping.signal.reason }, "stopping");
  drain.stopAccepting();
  await sleep(config.shutdown.delayMs);
  await drain.finish(server, config.shutdown.timeoutMs);
  await database.close();
  await close();
  // Last, so that the spans of the drain itself arrive.
  await flushTelemetry();
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

/** Migrations and example data, one replica at a time. */
async function prepareDatabase({ database: { url }, seed }: Config, logger: Logger): Promise<void> {
  await withLock(url, "migrations", 60, async (connection) => {
    await migrate(connection, import.meta.dirname, "*/migrations/*.ts", logger);
    const seeded = await seedAutomations(connection, seed.automations, seed.webhookUrl);
    if (seeded > 0) logger.info({ rows: seeded }, "seeded");
  });
}

/** Builds everything that the configuration can be wrong for, before anything is begun. */
function setUp() {
  try {
    const config = loadConfig(process.env);
    const log = createLogger(config.logLevel);
    const database = new Database(config.database, log);
    return { config, log, database, ...buildApp(config, { database, log, drain, metricsReader }) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

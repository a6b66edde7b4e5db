// Shared by the tests: creates an empty database on the real server, and runs the service on it, in this process or another.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { dirname } from "node:path";
import type { Connection } from "mysql2/promise";
import { pino } from "pino";
import packageJson from "../../package.json" with { type: "json" };
import { serviceCommand } from "../../scripts/bootstrap/service-command.js";
import { buildApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/config.ts";
import { domains } from "../../src/domains.ts";
import { prepareRows } from "../../src/faults/rows.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { openConnection } from "../../src/platform/database/connection.ts";
import { Database } from "../../src/platform/database/database.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { Drain } from "../../src/platform/http/drain.ts";
import { httpServer } from "../../src/platform/http/server.ts";
import type { Route } from "../../src/platform/http/types.ts";
import { createLogger } from "../../src/platform/log.ts";

export const root = dirname(dirname(import.meta.dirname));
export const secret = "a-secret-for-the-tests-of-the-service";
const signing = { secret, issuer: packageJson.name, audience: packageJson.name };
/** A token that the service under test accepts. */
export const token = await signDevelopmentToken(signing, { subject: "tester", ttlS: 86_400 });
/** A logger that logs nothing. */
export const silent = pino({ level: "silent" });

/** Node's arguments for the service with the tests' domain besides your own. */
export const testCommand = ["--import", "./test/support/replace-domains.js", ...serviceCommand];

/** A module for --import: on SIGUSR2, a promise rejects and nothing handles it. */
export const uncaughtOnSignal = `data:text/javascript,process.once("SIGUSR2", () => Promise.reject(new Error("oh")))`;

/** What every service under test is configured with. */
const testEnv = {
  APP_ENV: "development",
  JWT_SECRET: secret,
  // A test machine is often busy. Tests of shedding set these.
  LOOP_DELAY_SHED_MS: "60000",
  MEMORY_SHED_PERCENT: "100",
};

/** Creates an empty database on the test server. */
export async function createDatabase(): Promise<{ url: string; connection: Connection; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(process.env.MYSQL_URL ?? "");
  const admin = await openConnection(url.href);
  await admin.query(`CREATE DATABASE ${name}`);
  url.pathname = name;
  const connection = await openConnection(url.href);
  return {
    url: url.href,
    connection,
    async drop() {
      await connection.end();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}

export interface LogLine {
  level: string;
  msg: string;
  [field: string]: unknown;
}

/** Starts the service in this process, on a migrated database with `items` rows. Collects its log lines in `log`. */
export async function startService({
  items = 0,
  env = {},
  routes,
}: {
  /** Rows of the tests' domain. */
  items?: number;
  env?: Record<string, string>;
  /** Routes in addition to the domains'. */
  routes?: (database: Database) => Route[];
} = {}) {
  const db = await createDatabase();
  await migrate(db.connection, domains, silent);
  const config = loadConfig({ ...testEnv, MYSQL_URL: db.url, FIXTURE_ITEMS: String(items), ...env });
  for (const domain of config.domains) await domain.prepare?.(db.connection, silent);
  if (config.faults) await prepareRows(db.connection);
  const log: LogLine[] = [];
  const logger = createLogger("info", { write: (line: string) => log.push(JSON.parse(line)) });
  const database = new Database(config.database, logger);
  const { app, close } = buildApp(config, {
    database,
    log: logger,
    drain: new Drain(),
    metricsReader: undefined,
    ...(routes && { routes: routes(database) }),
  });
  const server = httpServer(config.server, app.callback()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = addressOf(server.address());
  return {
    url,
    db,
    database,
    log,
    /** Sends a request with the token, and `body` as JSON. */
    call(method: string, path: string, body?: unknown): Promise<Response> {
      return fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await database.close();
      await close();
      await db.drop();
    },
  };
}

/** Starts the service in a separate process, as `npm start` does, with the tests' domain besides your own. Resolves when it is ready or listening, or has exited. */
export async function spawnService(
  env: Record<string, string>,
  entry = testCommand,
  until: "listening" | "ready" = "ready",
) {
  const port = await freePort();
  const child = spawn(process.execPath, entry, {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      ...testEnv,
      HOST: "127.0.0.1",
      PORT: String(port),
      SHUTDOWN_DELAY_MS: "0",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A failed test may not get to stop it.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const output: string[] = [];
  const started = Promise.withResolvers<void>();
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    output.push(...lines);
    if (lines.some((line) => line.includes(`"msg":"${until}"`))) started.resolve();
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  const exited = once(child, "close").then(() => child.exitCode);
  await Promise.race([started.promise, exited]);
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    exited,
    /** Its log so far. */
    log: (): LogLine[] => output.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)),
    errors: () => errors,
    /** Sends SIGTERM, waits, and returns the exit code. */
    async stop(): Promise<number | null> {
      if (child.exitCode === null) child.kill("SIGTERM");
      return exited;
    },
  };
}

/** Returns a port that nothing listens on right now. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return portOf(address);
}

export function addressOf(address: AddressInfo | string | null): string {
  return `http://127.0.0.1:${portOf(address)}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

/** Waits until `check` returns something other than undefined or false. Fails with `what` after `limitMs`. */
export async function eventually<Result>(
  what: string,
  check: () => Promise<Result | undefined | false> | Result | undefined | false,
  limitMs = 30_000,
): Promise<Result> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Runs the real service in a child process, with the routes of the file in its first argument, which exports routes(database).
// Reports to its parent when it listens, and on request the response times measured here, or its resources.
import { createServer } from "node:http";
import { promisify } from "node:util";
import { pino } from "pino";
import { buildApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/config.ts";
import { Database } from "../../src/platform/database/database.ts";
import { Drain } from "../../src/platform/http/drain.ts";
import type { Route } from "../../src/platform/http/types.ts";
import { telemetry } from "../../src/telemetry.ts";
import { usedByData } from "../support/heap.ts";
import type { Answered, Resources } from "./service-process.ts";

const config = loadConfig(process.env);
const log = pino({ level: "error" });
const database = new Database(config.database, log);
const routesFile: { routes(database: Database): Route[] } = await import(process.argv[2] ?? "");
const routes = routesFile.routes(database);
const { app } = buildApp(config, { database, log, drain: new Drain(), metricsReader: telemetry.metricsReader, routes });

let answered: Answered[] = [];
app.middleware.unshift(async (ctx, next) => {
  const startedAt = performance.now();
  await next();
  const type = ctx.status >= 500 ? String(Reflect.get(Object(ctx.body), "type")) : "";
  answered.push({ url: ctx.url, status: ctx.status, type, ms: performance.now() - startedAt });
});

const server = createServer(app.callback()).listen(0, "127.0.0.1", () => process.send?.({ address: server.address() }));
process.on("message", async (question) => {
  if (question === "report") process.send?.({ answered });
  // The recorded responses must not count as the service's memory.
  answered = [];
  if (question === "resources") process.send?.(await resources());
});

async function resources(): Promise<Resources> {
  const sockets = await promisify(server.getConnections.bind(server))();
  const { used, idle, waiting } = database.state();
  const active = process.getActiveResourcesInfo();
  const emitters = [process, server, app];
  const listeners = emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)));
  return {
    heapBytes: usedByData(),
    sockets,
    connections: used + idle,
    waiting,
    listeners: listeners.reduce((sum, count) => sum + count, 0),
    timers: active.filter((kind) => kind === "Timeout").length,
    active: active.length,
  };
}
process.on("disconnect", () => process.exit());

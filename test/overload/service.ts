// The real service in a process of its own, with the routes of the file that is named: it exports routes(database).
// Tells its parent when it listens, and on request how long each answer took, measured in here.
import { createServer } from "node:http";
import { pino } from "pino";
import { buildApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { Database } from "../../src/platform/database/database.ts";
import { Drain } from "../../src/platform/drain.ts";
import type { Route } from "../../src/platform/http.ts";
import { metricsReader } from "../../src/telemetry.ts";
import type { Answered } from "./service-process.ts";

const config = loadConfig(process.env);
const log = pino({ level: "error" });
const database = new Database(config.database, log);
const routesFile: { routes(database: Database): Route[] } = await import(process.argv[2] ?? "");
const routes = routesFile.routes(database);
const { app } = buildApp(config, { database, log, drain: new Drain(), metricsReader, routes });

let answered: Answered[] = [];
app.middleware.unshift(async (ctx, next) => {
  const startedAt = performance.now();
  await next();
  const type = ctx.status >= 500 ? String(Reflect.get(Object(ctx.body), "type")) : "";
  answered.push({ url: ctx.url, status: ctx.status, type, ms: performance.now() - startedAt });
});

const server = createServer(app.callback()).listen(0, "127.0.0.1", () => process.send?.({ address: server.address() }));
process.on("message", () => {
  process.send?.({ answered });
  answered = [];
});
process.on("disconnect", () => process.exit());

// The composition root: everything is built here, and the way of a request can be read here from top to bottom.
import Koa from "koa";
import { automationRepository } from "./automations/repository.ts";
import { automationRoutes } from "./automations/routes.ts";
import { automationService } from "./automations/service.ts";
import { webhooks } from "./automations/webhook.ts";
import type { Config } from "./config.ts";
import { authenticate } from "./platform/authenticate.ts";
import type { Database } from "./platform/database/pool.ts";
import type { Drain } from "./platform/drain.ts";
import { health } from "./platform/health.ts";
import type { RequestState } from "./platform/http.ts";
import { jsonBody } from "./platform/json-body.ts";
import type { Logger } from "./platform/log.ts";
import { problemDetails } from "./platform/problem.ts";
import { handleRoute, routeMatch } from "./platform/route-match.ts";
import { slowRequest } from "./platform/slow-request.ts";

interface Dependencies {
  database: Database;
  log: Logger;
  drain: Drain;
}

/** The service, ready to listen; `close` frees what it opened itself. */
export function buildApp(config: Config, { database, log, drain }: Dependencies) {
  const hooks = webhooks(config.outboundTimeoutMs);
  const automations = automationService(automationRepository(database), hooks);
  const routes = [...automationRoutes(automations, config.marketplace)];

  const app = new Koa<RequestState>();
  app.use(drain.middleware);
  app.use(slowRequest(config.slowRequestMs, log));
  app.use(problemDetails(log));
  app.use(health({ accepting: () => drain.accepting, ping: () => database.ping() }));
  app.use(routeMatch(routes));
  app.use(authenticate(config.authToken));
  app.use(jsonBody(config.bodyLimitBytes));
  app.use(handleRoute);
  // What Koa itself catches: errors while an answer is being sent, when nothing can be told to the client any more.
  app.on("error", (error: unknown) => log.error({ err: error }, "answer failed"));

  return { app, close: () => hooks.close() };
}

// The composition root: builds everything, and shows the path of a request from top to bottom.
import packageJson from "../package.json" with { type: "json" };
import type { Config } from "./config/config.ts";
import { openFaults } from "./faults/open-faults.ts";
import { apiKeySubjects } from "./platform/auth/api-keys.ts";
import { authenticate } from "./platform/auth/authenticate.ts";
import { jwtVerifier } from "./platform/auth/jwt.ts";
import { publicRoutes } from "./platform/auth/public-routes.ts";
import { remoteKeys } from "./platform/auth/remote-keys.ts";
import type { Database } from "./platform/database/database.ts";
import { health, healthPaths } from "./platform/endpoints/health.ts";
import { metricsEndpoint, metricsPath } from "./platform/endpoints/metrics.ts";
import { Application } from "./platform/http/application.ts";
import type { Drain } from "./platform/http/drain.ts";
import { enforceDeadline } from "./platform/http/enforce-deadline.ts";
import { jsonBody } from "./platform/http/json-body.ts";
import { problemDetails } from "./platform/http/problem-details.ts";
import { untilPrepared } from "./platform/http/readiness.ts";
import { requestContext } from "./platform/http/request-context.ts";
import { requestTarget } from "./platform/http/request-target.ts";
import { handleRoute, routeMatch } from "./platform/http/router.ts";
import { crossOrigin, securityHeaders } from "./platform/http/security-headers.ts";
import type { Route } from "./platform/http/types.ts";
import { httpClient } from "./platform/http-client/client.ts";
import { addressRanges } from "./platform/ip-address.ts";
import type { Logger } from "./platform/log.ts";
import { admission } from "./platform/overload/admission.ts";
import { AdmissionQueue } from "./platform/overload/admission-queue.ts";
import { backgroundWork } from "./platform/overload/background-work.ts";
import { CpuWatch } from "./platform/overload/cpu-watch.ts";
import { LoopWatch } from "./platform/overload/loop-watch.ts";
import { MemoryWatch } from "./platform/overload/memory-watch.ts";
import { refusalCounter } from "./platform/overload/refusal-counter.ts";
import { WaitingBodies } from "./platform/overload/waiting-bodies.ts";
import { isPublicAddress } from "./platform/private-address.ts";
import { limitByAddress, limitBySubject } from "./platform/rate-limit/rate-limit.ts";
import { memoryStore, redisStore } from "./platform/rate-limit/store.ts";
import { phaseReport } from "./platform/reporting/phase-report.ts";
import { serverSpan } from "./platform/reporting/server-span.ts";
import { slowRequest } from "./platform/reporting/slow-request-log.ts";
import { LoopStalls } from "./platform/request/loop-stalls.ts";
import { type Background, withoutDeadline } from "./platform/request/scope.ts";
import { roundedSeconds } from "./platform/rounded-seconds.ts";
import type { Reader } from "./platform/telemetry/collected-metrics.ts";

interface Dependencies {
  database: Database;
  log: Logger;
  drain: Drain;
  /** What GET /metrics reads. Undefined: nothing is measured for it. */
  metricsReader: Reader | undefined;
  /** Whether the domains' preparation is done. Default: yes. */
  prepared?: () => boolean;
  /** Routes in addition to the domains'. */
  routes?: readonly Route[];
}

/** The client disconnected, was too slow, or sent invalid HTTP: not our failure, and anyone can cause many of them. */
const clientFault = /^(?:ECONNRESET|EPIPE|ERR_HTTP_REQUEST_TIMEOUT|HPE_\w+)$/;

/**
 * Builds the service, ready to listen. `admin` serves health and metrics when ADMIN_PORT is set. `close()` releases what this
 * function opened.
 */
export function buildApp(config: Config, dependencies: Dependencies) {
  const { database, log, drain, metricsReader, prepared = () => true, routes: extraRoutes = [] } = dependencies;
  const { protection, auth } = config;
  const memory = new MemoryWatch(config.memory, log);
  const stalls = new LoopStalls();
  const loop = new LoopWatch({ ...config.loop, read: () => stalls.takeLongestDelayMs() }, log);
  const cpu = new CpuWatch();
  const watching = setInterval(() => {
    for (const watch of [memory, loop, cpu]) watch.sample();
  }, 1000).unref();
  const shedding = () => memory.shedding || loop.shedding;
  const queue = new AdmissionQueue({ ...config.admission, shedding });
  const countRefusal = refusalCounter();
  const background: Background = protection ? backgroundWork(queue) : withoutDeadline;
  const systemState = () => ({
    "admission.running": queue.total("running"),
    "admission.queued": queue.total("queued"),
    "db.client.connection.used": database.state().used,
    "nodejs.eventloop.delay": roundedSeconds(loop.delayMs),
  });

  const outbound = httpClient(config.outbound, log);
  // Only with FAULTS=on, which production refuses.
  const faults = config.faults ? openFaults(config, database, log) : undefined;
  const routes = [
    ...config.domains.flatMap((domain) => domain.routes({ database, httpClient: outbound, background })),
    ...(faults?.routes ?? []),
    ...extraRoutes,
  ];

  const { jwt } = auth;
  const key = jwt.jwksUrl === undefined ? jwt.secret : remoteKeys(jwt.jwksUrl, log);
  const verifyToken = jwtVerifier({ ...jwt, key });
  const credentials = {
    verifyToken: faults?.slowDown(verifyToken) ?? verifyToken,
    subjectOfKey: apiKeySubjects(auth.apiKeys),
    publicRoutes: publicRoutes(auth.publicRoutes, routes),
  };
  const { redisUrl, perMinute, exempt } = config.rateLimit;
  const store =
    redisUrl === undefined
      ? memoryStore()
      : redisStore(redisUrl, log, config.environment === "production" ? { warnOfPlainTextTo: isPublicAddress } : {});
  const { trustedProxies } = config;
  const limit = { max: perMinute, windowS: 60, store, trustedProxies, exempt: addressRanges(exempt) };

  const app = new Application(log);
  app.use(serverSpan(trustedProxies, [...healthPaths, metricsPath]));
  app.use(requestContext(protection ? config.deadlineMs : undefined, stalls));
  app.use(phaseReport({ serverTiming: config.serverTiming, systemState }));
  app.use(slowRequest(config.slowRequestMs, log));
  app.use(problemDetails(log));
  app.use(enforceDeadline);
  app.use(drain.middleware);
  app.use(requestTarget);
  app.use(securityHeaders());
  if (config.corsOrigins.length > 0) app.use(crossOrigin(config.corsOrigins));
  const calls = faults?.withBreakers(outbound) ?? outbound;
  const accepting = () => drain.accepting && prepared();
  const endpoints = [
    health({ version: packageJson.version, accepting, database, outbound: calls, memory, cpu }),
    metricsEndpoint(metricsReader),
  ];
  if (config.adminPort === undefined) for (const middleware of endpoints) app.use(middleware);
  app.use(routeMatch(routes));
  app.use(untilPrepared(prepared));
  if (protection) app.use(limitByAddress(limit));
  app.use(authenticate(credentials));
  if (protection) app.use(limitBySubject(limit));
  app.use(jsonBody(config.bodyLimitBytes, protection ? new WaitingBodies({ queue, countRefusal }) : undefined));
  if (protection) app.use(admission(queue, countRefusal));
  app.use(handleRoute);
  // Errors that Koa catches while a response is being sent, when it is too late to tell the client.
  const onError = (error: NodeJS.ErrnoException) => {
    // The code alone: Node attaches the packet that it could not parse, credentials and all.
    if (clientFault.test(error.code ?? "")) log.debug({ reason: error.code }, "connection failed");
    else log.error({ err: error }, "response failed");
  };
  app.on("error", onError);

  // No span and no drain: answers probes and scrapers until the process exits.
  const admin = config.adminPort === undefined ? undefined : new Application(log).on("error", onError);
  const context = requestContext(undefined, stalls);
  const adminChain = [context, problemDetails(log), requestTarget, securityHeaders(), ...endpoints, routeMatch([])];
  for (const middleware of adminChain) admin?.use(middleware);

  async function close(): Promise<void> {
    clearInterval(watching);
    stalls.stop();
    await Promise.all([faults?.close(), outbound.close(), store.close()]);
  }
  return { app, admin, close };
}

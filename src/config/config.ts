// Reads the environment once at startup, checks it, and groups it by the parts of the service that use it.
import { domains } from "../domains.ts";
import { parseApiKey } from "../platform/auth/api-keys.ts";
import { ownHosts } from "../platform/own-hosts.ts";
import { ConfigError } from "../platform/variables.ts";
import { contradictions } from "./consistency.ts";
import { developmentKey, developmentNetworks, variables } from "./environment.ts";
import { invalidVariables } from "./invalid-variables.ts";
import { knownElsewhere } from "./known-variables.ts";
import { misspeltVariables } from "./misspelt-variables.ts";

type Environment = Readonly<Record<string, string | undefined>>;
/** The configuration, grouped by the parts of the service that use it. */
export type Config = ReturnType<typeof loadConfig>;

/**
 * Reads and checks the configuration. An empty variable counts as not set.
 *
 * @throws {ConfigError} when values are missing, malformed or contradictory, with a line for each.
 */
export function loadConfig(environment: Environment) {
  const given = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, value]],
    ),
  );
  const schemas = [variables, ...domains.map((domain) => domain.variables)];
  const complaints = schemas.flatMap((all) => invalidVariables(all, given));
  if (complaints.length > 0) throw new ConfigError(complaints.join("\n"));
  const values = variables.parse(given);
  const conflicts = contradictions(values, given);
  if (conflicts.length > 0) throw new ConfigError(conflicts.join("\n"));
  const production = values.APP_ENV === "production";
  const protection = values.PROTECTION === "on";
  return {
    environment: values.APP_ENV,
    host: values.HOST,
    port: values.PORT,
    adminPort: values.ADMIN_PORT,
    logLevel: values.LOG_LEVEL ?? (production ? "warn" : "info"),
    server: {
      headersTimeout: values.SERVER_HEADERS_TIMEOUT_MS,
      requestTimeout: values.SERVER_REQUEST_TIMEOUT_MS,
      keepAliveTimeout: values.SERVER_KEEP_ALIVE_MS,
      sendTimeoutMs: values.SERVER_SEND_TIMEOUT_MS,
      maxConnections: values.SERVER_MAX_CONNECTIONS,
      maxHeaderSize: values.SERVER_MAX_HEADER_BYTES,
      // Most requests have no body: Node then ends it at once instead of through a stream.
      optimizeEmptyRequests: true,
      // How often Node checks for late requests. Its default of 30 s would stretch any limit to half a minute.
      connectionsCheckingInterval: Math.min(5000, values.SERVER_HEADERS_TIMEOUT_MS),
    },
    shutdown: {
      delayMs: values.SHUTDOWN_DELAY_MS,
      timeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    },
    replicas: values.REPLICAS,
    database: {
      url: values.MYSQL_URL,
      migrateOnStart: values.MIGRATE_ON_START === "on",
      limit: values.DB_POOL_LIMIT,
      maxIdle: values.DB_POOL_MAX_IDLE,
      recycleMs: values.DB_POOL_RECYCLE_MS,
      waitMs: values.DB_POOL_WAIT_MS,
      queryTimeoutMs: values.DB_QUERY_TIMEOUT_MS,
      slowQueryMs: values.SLOW_QUERY_MS,
      breaker: protection
        ? {
            failures: values.BREAKER_FAILURES,
            resetMs: values.DB_BREAKER_RESET_MS,
            probeTimeoutMs: values.DB_BREAKER_PROBE_MS,
          }
        : undefined,
    },
    auth: {
      jwt: {
        secret: values.JWT_SECRET,
        jwksUrl: values.JWT_JWKS_URL,
        algorithms: values.JWT_JWKS_URL === undefined ? ["HS256"] : values.JWT_ALGORITHMS,
        issuer: values.JWT_ISSUER,
        audience: values.JWT_AUDIENCE,
        clockToleranceS: values.JWT_CLOCK_TOLERANCE_S,
      },
      apiKeys: (values.API_KEYS ?? (production ? [] : [developmentKey])).map(parseApiKey),
      publicRoutes: values.PUBLIC_ROUTES,
    },
    corsOrigins: values.CORS_ORIGINS,
    trustedProxies: values.TRUSTED_PROXIES,
    protection,
    faults: values.FAULTS === "on",
    deadlineMs: values.DEADLINE_MS,
    admission: {
      limit: values.ADMISSION_LIMIT,
      maxWaiting: values.ADMISSION_WAITING,
      waitMs: values.ADMISSION_WAIT_MS,
      newestFirstAfterMs: values.ADMISSION_NEWEST_FIRST_MS,
    },
    memory: { warnPercent: values.MEMORY_WARN_PERCENT, shedPercent: values.MEMORY_SHED_PERCENT },
    loop: { shedDelayMs: values.LOOP_DELAY_SHED_MS },
    rateLimit: {
      perMinute: values.RATE_LIMIT_PER_MINUTE,
      exempt: values.RATE_LIMIT_EXEMPT ?? (production ? [] : ["127.0.0.0/8", "::1"]),
      redisUrl: values.RATE_LIMIT_REDIS_URL,
    },
    bodyLimitBytes: values.BODY_LIMIT_BYTES,
    serverTiming: (values.SERVER_TIMING ?? (production ? "off" : "on")) === "on",
    slowRequestMs: values.SLOW_REQUEST_MS,
    outbound: {
      timeoutMs: values.OUTBOUND_TIMEOUT_MS,
      connectTimeoutMs: values.OUTBOUND_CONNECT_TIMEOUT_MS,
      connections: values.OUTBOUND_CONNECTIONS,
      maxResponseBytes: values.OUTBOUND_MAX_RESPONSE_BYTES,
      isOwn: ownHosts(values.OUTBOUND_OWN_HOSTS),
      allowPrivate: values.OUTBOUND_ALLOW_PRIVATE ?? (production ? [] : developmentNetworks),
      breaker: protection
        ? {
            failures: values.BREAKER_FAILURES,
            resetMs: values.BREAKER_RESET_MS,
            // The probe is a request's own call, whose own limit ends it sooner.
            probeTimeoutMs: values.DEADLINE_MS,
          }
        : undefined,
    },
    misspelt: misspeltVariables(given, [...schemas.flatMap((all) => Object.keys(all.shape)), ...knownElsewhere]),
    domains: domains.map((domain) => domain.configure(given)),
  };
}

// Every environment variable of the platform: accepted values, unit and default.
// The OTEL_* variables are missing here: the OpenTelemetry SDK reads those itself.
import { z } from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { apiKeyEntry, parseApiKey } from "../platform/auth/api-keys.ts";
import { parseDatabaseUrl } from "../platform/database/url.ts";
import { addressRanges } from "../platform/ip-address.ts";
import { ownHosts } from "../platform/own-hosts.ts";
import { redisAddress } from "../platform/rate-limit/redis-url.ts";
import { accepts, listOf, oneOf, optionalWholeNumber, parsedBy, urlOf, wholeNumber } from "../platform/variables.ts";

/** Signs tokens while APP_ENV is development. */
export const developmentSecret = "development-secret-development-secret";
/** Accepts the API key `development-key` while APP_ENV is development. */
export const developmentKey = apiKeyEntry("developer", "development-key");
/** Non-public addresses that outbound calls may reach while APP_ENV is development: this machine and its containers. */
export const developmentNetworks = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/**
 * The platform's variables and their checks. Descriptions say what each accepts: error messages quote them.
 * Times are in milliseconds, sizes in bytes. Each domain has its own variables in its settings.ts.
 */
export const variables = z.object({
  APP_ENV: oneOf(["production", "development"], "production is stricter and needs secrets of your own").default(
    "production",
  ),
  HOST: z.string().min(1).default("0.0.0.0").describe("a host name or IP address (the address to listen on)"),
  PORT: wholeNumber(8000, 0, 65_535, "the port to listen on; 0 picks any free one"),
  ADMIN_PORT: optionalWholeNumber(0, 65_535, "a separate port for health and metrics"),
  TELEMETRY_MODE: oneOf(["lean", "standard"], "standard is the whole OpenTelemetry SDK; see docs/telemetry.md").default(
    "lean",
  ),
  LOG_LEVEL: oneOf(levels, "the lowest level that is logged").optional(),
  SERVER_HEADERS_TIMEOUT_MS: wholeNumber(10_000, 100, 600_000, "time limit to receive a request's headers"),
  SERVER_REQUEST_TIMEOUT_MS: wholeNumber(30_000, 100, 600_000, "time limit to receive a whole request"),
  SERVER_SEND_TIMEOUT_MS: wholeNumber(
    10_000,
    100,
    600_000,
    "closes a connection whose client reads nothing of its response for this long",
  ),
  SERVER_MAX_CONNECTIONS: wholeNumber(10_000, 1, 1_000_000, "maximum number of open connections"),
  SERVER_KEEP_ALIVE_MS: wholeNumber(65_000, 0, 3_600_000, "how long an idle connection stays open"),
  SERVER_MAX_HEADER_BYTES: wholeNumber(16_384, 1024, 1_048_576, "maximum size of a request's headers"),
  SHUTDOWN_DELAY_MS: wholeNumber(5000, 0, 600_000, "how long to keep serving, not ready, before the port closes"),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(
    10_000,
    100,
    600_000,
    "time limit for the rest of the shutdown: running requests, then connections and telemetry",
  ),

  MYSQL_URL: parsedBy(
    parseDatabaseUrl,
    "mysql://user:password@host:3306/database, optionally with parameters such as ?ssl-mode=VERIFY_CA",
  ),
  MIGRATE_ON_START: oneOf(["on", "off"], "off waits, not ready, until `npm run migrate -- up` has run").default("on"),
  DB_POOL_LIMIT: wholeNumber(15, 1, 1000, "maximum number of open connections"),
  REPLICAS: wholeNumber(1, 1, 10_000, "processes of the service that share the database"),
  DB_POOL_MAX_IDLE: wholeNumber(5, 1, 1000, "idle connections that stay open, at most DB_POOL_LIMIT"),
  DB_POOL_RECYCLE_MS: wholeNumber(3_600_000, 1000, 86_400_000, "age at which a connection is replaced"),
  DB_POOL_WAIT_MS: wholeNumber(500, 1, 60_000, "longest wait for a connection"),
  DB_QUERY_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "time limit of a query"),
  DB_BREAKER_RESET_MS: wholeNumber(1000, 1, 600_000, "how long the open breaker waits before it pings the database"),
  DB_BREAKER_PROBE_MS: wholeNumber(500, 1, 60_000, "time limit of that ping"),
  SLOW_QUERY_MS: wholeNumber(500, 1, 600_000, "queries that take longer are logged"),

  JWT_SECRET: z
    .string()
    .min(32)
    .default(developmentSecret)
    .describe("at least 32 characters (the secret that signs tokens)"),
  JWT_JWKS_URL: urlOf(
    ["https:", "http:"],
    "the identity provider's public keys, instead of JWT_SECRET; without credentials, which no request could carry",
  )
    .refine((text) => URL.canParse(text) && new URL(text).username + new URL(text).password === "")
    .optional(),
  JWT_ALGORITHMS: listOf(isAsymmetric, "with JWT_JWKS_URL: RS256, PS256, ES256, EdDSA and the longer variants").default(
    ["RS256", "ES256", "EdDSA"],
  ),
  JWT_ISSUER: z.string().min(1).default(packageJson.name).describe("any text (the required `iss` of tokens)"),
  JWT_AUDIENCE: z.string().min(1).default(packageJson.name).describe("any text (the required `aud` of tokens)"),
  JWT_CLOCK_TOLERANCE_S: wholeNumber(5, 0, 300, "accepted clock difference between issuer and service"),
  API_KEYS: listOf(accepts(parseApiKey), "name:sha256-hex, as npm run api-key prints them").optional(),
  PUBLIC_ROUTES: listOf(
    (entry) => /^([A-Za-z]+\s+)?\/\S*$/.test(entry),
    "additional public routes, such as GET /api/things/:id",
  ).default([]),
  CORS_ORIGINS: listOf(isOrigin, "origins whose pages may call the API, such as https://app.example.com").default([]),
  TRUSTED_PROXIES: wholeNumber(0, 0, 10, "number of proxies in front that append to X-Forwarded-For"),

  PROTECTION: oneOf(["on", "off"], "admission queue, deadline, breakers, rate limit and shedding").default("on"),
  FAULTS: oneOf(["on", "off"], "routes that cause faults on purpose, see src/faults").default("off"),
  DEADLINE_MS: wholeNumber(3000, 1, 600_000, "time limit of a request"),
  ADMISSION_LIMIT: wholeNumber(10, 1, 10_000, "requests that may run at a time"),
  ADMISSION_WAITING: wholeNumber(100, 0, 100_000, "requests that may wait for a slot"),
  ADMISSION_WAIT_MS: wholeNumber(250, 1, 600_000, "longest wait for a slot"),
  ADMISSION_NEWEST_FIRST_MS: wholeNumber(
    100,
    0,
    600_000,
    "once the oldest request has waited this long, the newest goes first",
  ),
  MEMORY_WARN_PERCENT: wholeNumber(80, 10, 100, "warns above this memory use"),
  MEMORY_SHED_PERCENT: wholeNumber(90, 10, 100, "sheds low-priority requests above this memory use"),
  LOOP_DELAY_SHED_MS: wholeNumber(200, 1, 60_000, "sheds low-priority requests above this event-loop delay"),
  RATE_LIMIT_PER_MINUTE: wholeNumber(
    600,
    1,
    1_000_000,
    "requests allowed per client address, and per authenticated subject",
  ),
  RATE_LIMIT_EXEMPT: listOf(
    accepts((range) => addressRanges([range])),
    "addresses and CIDR networks without a rate limit",
  ).optional(),
  RATE_LIMIT_REDIS_URL: parsedBy(
    redisAddress,
    "redis://user:password@host:6379/0, or rediss:// for TLS (a Valkey or Redis server in which replicas share their counts)",
  ).optional(),

  BODY_LIMIT_BYTES: wholeNumber(102_400, 1, 104_857_600, "maximum size of a request body"),
  SERVER_TIMING: oneOf(
    ["on", "off"],
    "sends clients the phases of their requests in a Server-Timing header",
  ).optional(),
  SLOW_REQUEST_MS: wholeNumber(1000, 1, 600_000, "requests that take longer are logged"),
  OUTBOUND_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "time limit of an outbound call"),
  OUTBOUND_CONNECT_TIMEOUT_MS: wholeNumber(500, 1, 600_000, "time limit to open an outbound connection"),
  OUTBOUND_CONNECTIONS: wholeNumber(50, 1, 10_000, "maximum number of connections per destination"),
  OUTBOUND_MAX_RESPONSE_BYTES: wholeNumber(
    1_048_576,
    1,
    104_857_600,
    "maximum size of the response to an outbound call",
  ),
  OUTBOUND_ALLOW_PRIVATE: listOf(
    accepts((range) => addressRanges([range])),
    "non-public addresses and CIDR networks that outbound calls may reach",
  ).optional(),
  OUTBOUND_OWN_HOSTS: listOf(
    accepts((host) => ownHosts([host])),
    "your own hosts, .example.com for a domain and its subdomains; they get baggage and tracestate",
  ).default([]),
  BREAKER_FAILURES: wholeNumber(5, 1, 1000, "consecutive failures that open a circuit breaker"),
  BREAKER_RESET_MS: wholeNumber(60_000, 1, 3_600_000, "how long it stays open before it lets a trial call through"),
});

function isAsymmetric(algorithm: string): boolean {
  return /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$/.test(algorithm);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

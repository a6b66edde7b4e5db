// Every environment variable that the service reads: what it takes, its unit and its default.
// The OTEL_* variables are not here: the OpenTelemetry SDK reads those of its specification itself.
import { z } from "zod";
import { apiKeyEntry, parseApiKey } from "../platform/auth/api-keys.ts";
import { parseDatabaseUrl } from "../platform/database/url.ts";
import { addressRanges } from "../platform/ip-address.ts";
import { ownHosts } from "../platform/own-hosts.ts";
import { redisAddress } from "../platform/rate-limit/redis-url.ts";
import { accepts, listOf, oneOf, optionalWholeNumber, parsedBy, urlOf, wholeNumber } from "../platform/variables.ts";

export const developmentSecret = "development-secret-development-secret";
/** Lets the key `development-key` in, while APP_ENV is development. */
export const developmentKey = apiKeyEntry("developer", "development-key");
/** What may be called besides public addresses, while APP_ENV is development: this machine, and containers on it. */
export const developmentNetworks = ["127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/**
 * Each variable of the platform with its check; the description says what it takes. Times are in milliseconds, sizes in bytes.
 * Each domain has its own variables in its settings.ts.
 */
export const variables = z.object({
  APP_ENV: oneOf(["production", "development"], "how strict to be").default("production"),
  HOST: z.string().min(1).default("0.0.0.0").describe("a host name or IP address (to listen on)"),
  PORT: wholeNumber(8000, 0, 65_535, "the port to listen on; 0 is any free one"),
  ADMIN_PORT: optionalWholeNumber(0, 65_535, "a port of their own for health and metrics"),
  TELEMETRY_MODE: oneOf(["lean", "standard"], "see docs/telemetry.md").default("lean"),
  LOG_LEVEL: oneOf(levels, "the least level that is logged").optional(),
  SERVER_HEADERS_TIMEOUT_MS: wholeNumber(10_000, 100, 600_000, "longest time to receive the headers of a request"),
  SERVER_REQUEST_TIMEOUT_MS: wholeNumber(30_000, 100, 600_000, "longest time to receive a whole request"),
  SERVER_SEND_TIMEOUT_MS: wholeNumber(10_000, 100, 600_000, "how long a client may take nothing of its answer"),
  SERVER_MAX_CONNECTIONS: wholeNumber(10_000, 1, 1_000_000, "most open connections"),
  SERVER_KEEP_ALIVE_MS: wholeNumber(65_000, 0, 3_600_000, "how long an idle connection is kept"),
  SERVER_MAX_HEADER_BYTES: wholeNumber(16_384, 1024, 1_048_576, "largest headers of a request"),
  SHUTDOWN_DELAY_MS: wholeNumber(5000, 0, 600_000, "how long to answer on, not ready, before listening ends"),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(
    10_000,
    100,
    600_000,
    "how long the rest of the end may take: running requests, then connections and telemetry",
  ),

  MYSQL_URL: parsedBy(
    parseDatabaseUrl,
    "mysql://user:password@host:3306/database, with ?ssl-mode=VERIFY_CA and the like",
  ),
  DB_POOL_LIMIT: wholeNumber(15, 1, 1000, "most open connections"),
  REPLICAS: wholeNumber(1, 1, 10_000, "processes of the service that share the database"),
  DB_POOL_MAX_IDLE: wholeNumber(5, 1, 1000, "connections kept open when idle, at most DB_POOL_LIMIT"),
  DB_POOL_RECYCLE_MS: wholeNumber(3_600_000, 1000, 86_400_000, "age from which on a connection is replaced"),
  DB_POOL_WAIT_MS: wholeNumber(500, 1, 60_000, "longest wait for a connection"),
  DB_QUERY_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "longest query"),
  DB_BREAKER_RESET_MS: wholeNumber(1000, 1, 600_000, "how long the database is left alone before it is pinged"),
  DB_BREAKER_PROBE_MS: wholeNumber(500, 1, 60_000, "longest ping of a database that was down"),
  SLOW_QUERY_MS: wholeNumber(500, 1, 600_000, "a query over this is logged"),

  JWT_SECRET: z
    .string()
    .min(32)
    .default(developmentSecret)
    .describe("at least 32 characters (the secret that signs tokens)"),
  JWT_JWKS_URL: urlOf(
    ["https:", "http:"],
    "the public keys of the identity provider, instead of JWT_SECRET; without credentials, which no request could carry",
  )
    .refine((text) => URL.canParse(text) && new URL(text).username + new URL(text).password === "")
    .optional(),
  JWT_ALGORITHMS: listOf(isAsymmetric, "with JWT_JWKS_URL, of RS256, PS256, ES256, EdDSA and their longer kin").default(
    ["RS256", "ES256", "EdDSA"],
  ),
  JWT_ISSUER: z.string().min(1).default("koa-service-template").describe("a text (what the iss of tokens must be)"),
  JWT_AUDIENCE: z.string().min(1).default("koa-service-template").describe("a text (what the aud of tokens must have)"),
  JWT_CLOCK_TOLERANCE_S: wholeNumber(5, 0, 300, "how far the clocks of issuer and service may differ"),
  API_KEYS: listOf(accepts(parseApiKey), "of name:sha256-hex, as scripts/api-key.ts makes them").optional(),
  PUBLIC_ROUTES: listOf(
    (entry) => /^([A-Za-z]+\s+)?\/\S*$/.test(entry),
    "more public routes, as GET /api/things/:id",
  ).default([]),
  CORS_ORIGINS: listOf(isOrigin, "sites whose pages may call, as https://app.example.com").default([]),
  TRUSTED_PROXIES: wholeNumber(0, 0, 10, "proxies in front that append to X-Forwarded-For"),

  PROTECTION: oneOf(["on", "off"], "queue, deadline, breakers, rate limit and shedding").default("on"),
  FAULTS: oneOf(["on", "off"], "routes that provoke faults, see src/faults").default("off"),
  DEADLINE_MS: wholeNumber(3000, 1, 600_000, "longest request"),
  ADMISSION_LIMIT: wholeNumber(10, 1, 10_000, "most requests that run at a time"),
  ADMISSION_WAITING: wholeNumber(100, 0, 100_000, "most requests that wait for their turn"),
  ADMISSION_WAIT_MS: wholeNumber(250, 1, 600_000, "longest wait for a turn"),
  ADMISSION_NEWEST_FIRST_MS: wholeNumber(
    100,
    0,
    600_000,
    "the newest goes first once the oldest has waited for so long",
  ),
  MEMORY_WARN_PERCENT: wholeNumber(80, 10, 100, "memory in use from which on it is warned of"),
  MEMORY_SHED_PERCENT: wholeNumber(90, 10, 100, "memory in use from which on the lowest class is refused"),
  LOOP_DELAY_SHED_MS: wholeNumber(200, 1, 60_000, "event-loop delay from which on the lowest class is refused"),
  RATE_LIMIT_PER_MINUTE: wholeNumber(600, 1, 1_000_000, "requests of one address, and of one subject"),
  RATE_LIMIT_EXEMPT: listOf(
    accepts((range) => addressRanges([range])),
    "addresses and CIDR networks that are not limited",
  ).optional(),
  RATE_LIMIT_REDIS_URL: parsedBy(
    redisAddress,
    "redis://user:password@host:6379/0, or rediss:// for TLS (a Valkey or Redis server where replicas share their counts)",
  ).optional(),

  BODY_LIMIT_BYTES: wholeNumber(102_400, 1, 104_857_600, "largest request body"),
  SERVER_TIMING: oneOf(["on", "off"], "tells clients the phases of their requests").optional(),
  SLOW_REQUEST_MS: wholeNumber(1000, 1, 600_000, "a request over this is logged"),
  OUTBOUND_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "longest outbound call, such as of a webhook"),
  OUTBOUND_CONNECT_TIMEOUT_MS: wholeNumber(500, 1, 600_000, "longest opening of an outbound connection"),
  OUTBOUND_CONNECTIONS: wholeNumber(50, 1, 10_000, "most connections to one destination"),
  OUTBOUND_MAX_RESPONSE_BYTES: wholeNumber(1_048_576, 1, 104_857_600, "largest answer of an outbound call"),
  OUTBOUND_ALLOW_PRIVATE: listOf(
    accepts((range) => addressRanges([range])),
    "addresses and CIDR networks that may be called although they are not public",
  ).optional(),
  OUTBOUND_OWN_HOSTS: listOf(
    accepts((host) => ownHosts([host])),
    "host names that are yours, .example.com for a domain and all below it; they get baggage and tracestate",
  ).default([]),
  BREAKER_FAILURES: wholeNumber(5, 1, 1000, "failures in a row that open a circuit breaker"),
  BREAKER_RESET_MS: wholeNumber(60_000, 1, 3_600_000, "how long it stays open before a call is tried"),
});

function isAsymmetric(algorithm: string): boolean {
  return /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$/.test(algorithm);
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

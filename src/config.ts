// Every environment variable that the service reads: what it takes, its unit and its default. Read once, at the start.
// The OTEL_* variables are not here: the OpenTelemetry SDK reads those of its specification itself.
import { z } from "zod";

const developmentToken = "development-token";

function wholeNumber(byDefault: number, min: number, max: number, what: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(byDefault)
    .describe(`a whole number from ${min} to ${max} (${what})`);
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values, what: string) {
  return z.enum(values).describe(`one of ${values.join(", ")} (${what})`);
}

function urlOf(protocols: readonly string[], what: string) {
  return z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol))
    .describe(`an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")} (${what})`);
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Each variable with its check; the description says what it takes. Times are in milliseconds, sizes in bytes. */
export const variables = z.object({
  APP_ENV: oneOf(["production", "development"], "how strict to be").default("production"),
  HOST: z.string().min(1).default("0.0.0.0").describe("a host name or IP address (to listen on)"),
  PORT: wholeNumber(8000, 0, 65_535, "the port to listen on; 0 is any free one"),
  LOG_LEVEL: oneOf(levels, "the least level that is logged").optional(),
  SHUTDOWN_TIMEOUT_MS: wholeNumber(10_000, 100, 600_000, "how long running requests may take to finish at the end"),

  MYSQL_URL: urlOf(["mysql:"], "mysql://user:password@host:3306/database").refine(
    (text) => URL.canParse(text) && new URL(text).pathname.length > 1,
  ),
  DB_POOL_LIMIT: wholeNumber(15, 1, 1000, "most open connections"),
  DB_POOL_MAX_IDLE: wholeNumber(5, 1, 1000, "connections kept open when idle, at most DB_POOL_LIMIT"),
  DB_POOL_WAIT_MS: wholeNumber(500, 1, 60_000, "longest wait for a connection"),
  DB_QUERY_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "longest query"),
  SLOW_QUERY_MS: wholeNumber(500, 1, 600_000, "a query over this is logged"),

  AUTH_TOKEN: z.string().min(16).default(developmentToken).describe("at least 16 characters (the bearer token)"),
  BODY_LIMIT_BYTES: wholeNumber(102_400, 1, 104_857_600, "largest request body"),
  SLOW_REQUEST_MS: wholeNumber(1000, 1, 600_000, "a request over this is logged"),
  OUTBOUND_TIMEOUT_MS: wholeNumber(1500, 1, 600_000, "longest call of a webhook"),

  MARKETPLACE_FRESH_MS: wholeNumber(5000, 1, 86_400_000, "how long a cached marketplace page is fresh"),
  MARKETPLACE_STALE_MS: wholeNumber(60_000, 0, 86_400_000, "how long after that it is served while it is refreshed"),
  MARKETPLACE_CACHE_ENTRIES: wholeNumber(500, 1, 1_000_000, "most marketplace pages in the cache"),
  SEED_AUTOMATIONS: wholeNumber(0, 0, 1_000_000, "example automations put into an empty table at the start"),
  SEED_WEBHOOK_URL: urlOf(["http:", "https:"], "the webhook of the example automations").default(
    "http://127.0.0.1:9000/hooks",
  ),
});

type Environment = Readonly<Record<string, string | undefined>>;
export type Config = ReturnType<typeof loadConfig>;

/** One or more variables are wrong: one line each, naming the variable, what it got and what it takes. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads and checks the configuration. An empty variable counts as not set.
 *
 * @throws {ConfigError} when a value is missing, malformed, or contradicts another.
 */
export function loadConfig(environment: Environment) {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const result = variables.safeParse(given);
  if (!result.success) {
    const names = new Set(result.error.issues.map((issue) => String(issue.path[0])));
    throw new ConfigError([...names].map((name) => complaint(name, given[name], takes(name))).join("\n"));
  }
  const values = result.data;
  const contradictions = contradictionsOf(values, given);
  if (contradictions.length > 0) throw new ConfigError(contradictions.join("\n"));
  const production = values.APP_ENV === "production";
  return {
    environment: values.APP_ENV,
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL ?? (production ? "warn" : "info"),
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    database: {
      url: values.MYSQL_URL,
      limit: values.DB_POOL_LIMIT,
      maxIdle: values.DB_POOL_MAX_IDLE,
      waitMs: values.DB_POOL_WAIT_MS,
      queryTimeoutMs: values.DB_QUERY_TIMEOUT_MS,
      slowQueryMs: values.SLOW_QUERY_MS,
    },
    authToken: values.AUTH_TOKEN,
    bodyLimitBytes: values.BODY_LIMIT_BYTES,
    slowRequestMs: values.SLOW_REQUEST_MS,
    outboundTimeoutMs: values.OUTBOUND_TIMEOUT_MS,
    marketplace: {
      freshMs: values.MARKETPLACE_FRESH_MS,
      staleMs: values.MARKETPLACE_STALE_MS,
      maxEntries: values.MARKETPLACE_CACHE_ENTRIES,
    },
    seed: { automations: values.SEED_AUTOMATIONS, webhookUrl: values.SEED_WEBHOOK_URL },
  };
}

function contradictionsOf(values: z.infer<typeof variables>, given: Environment): string[] {
  const found: string[] = [];
  if (values.DB_POOL_MAX_IDLE > values.DB_POOL_LIMIT) {
    found.push(
      complaint("DB_POOL_MAX_IDLE", String(values.DB_POOL_MAX_IDLE), `at most DB_POOL_LIMIT (${values.DB_POOL_LIMIT})`),
    );
  }
  if (values.APP_ENV === "production" && values.AUTH_TOKEN === developmentToken) {
    found.push(complaint("AUTH_TOKEN", given.AUTH_TOKEN, "a secret of your own when APP_ENV is production"));
  }
  return found;
}

function takes(name: string): string {
  const known: Readonly<Record<string, { description?: string | undefined }>> = variables.shape;
  return known[name]?.description ?? "another value";
}

function complaint(name: string, got: string | undefined, takesWhat: string): string {
  return `${name}: got ${got === undefined ? "nothing" : JSON.stringify(mask(name, got))}, takes ${takesWhat}`;
}

/** The value of a variable as it may be shown: tokens hidden, a password inside an address hidden. */
export function mask(name: string, value: string): string {
  if (/TOKEN|SECRET|PASSWORD|KEY/.test(name)) return "***";
  if (!name.endsWith("_URL")) return value;
  if (!URL.canParse(value)) return value.includes("@") ? "***" : value;
  const url = new URL(value);
  if (url.password !== "") url.password = "***";
  return url.href;
}

// Checks values that are valid by themselves but contradict each other, or that production does not allow.
import type { z } from "zod";
import { complaint } from "../platform/variables.ts";
import { developmentKey, developmentSecret, type variables } from "./environment.ts";

/** One line for each contradiction. `given` is the environment, without the defaults. */
export function contradictions(
  values: z.infer<typeof variables>,
  given: Readonly<Record<string, string | undefined>>,
): string[] {
  const found: string[] = [];
  const refuse = (name: keyof typeof values, takes: string) =>
    found.push(complaint(name, given[name] ?? String(values[name]), takes));
  if (values.ADMIN_PORT !== undefined && values.ADMIN_PORT !== 0 && values.ADMIN_PORT === values.PORT) {
    refuse("ADMIN_PORT", "a port other than PORT");
  }
  if (values.DB_POOL_MAX_IDLE > values.DB_POOL_LIMIT) {
    refuse("DB_POOL_MAX_IDLE", `at most DB_POOL_LIMIT (${values.DB_POOL_LIMIT})`);
  }
  if (values.SERVER_HEADERS_TIMEOUT_MS > values.SERVER_REQUEST_TIMEOUT_MS) {
    refuse("SERVER_HEADERS_TIMEOUT_MS", `at most SERVER_REQUEST_TIMEOUT_MS (${values.SERVER_REQUEST_TIMEOUT_MS})`);
  }
  if (values.MEMORY_WARN_PERCENT > values.MEMORY_SHED_PERCENT) {
    refuse("MEMORY_WARN_PERCENT", `at most MEMORY_SHED_PERCENT (${values.MEMORY_SHED_PERCENT})`);
  }
  if (values.OUTBOUND_CONNECT_TIMEOUT_MS >= values.OUTBOUND_TIMEOUT_MS) {
    refuse("OUTBOUND_CONNECT_TIMEOUT_MS", `less than OUTBOUND_TIMEOUT_MS (${values.OUTBOUND_TIMEOUT_MS})`);
  }
  // If only the deadline ended requests, nobody could tell what they waited for: each wait has a shorter limit of its own.
  for (const name of ["ADMISSION_WAIT_MS", "DB_POOL_WAIT_MS", "DB_QUERY_TIMEOUT_MS", "OUTBOUND_TIMEOUT_MS"] as const) {
    if (values[name] >= values.DEADLINE_MS) refuse(name, `less than DEADLINE_MS (${values.DEADLINE_MS})`);
  }
  // A breaker must stay open for longer than a probe may take, or a dependency that is down is probed most of the time.
  for (const [reset, limit] of [
    ["BREAKER_RESET_MS", "OUTBOUND_TIMEOUT_MS"],
    ["DB_BREAKER_RESET_MS", "DB_BREAKER_PROBE_MS"],
  ] as const) {
    if (values[reset] <= values[limit]) refuse(reset, `more than ${limit} (${values[limit]})`);
  }
  if (values.JWT_JWKS_URL !== undefined) {
    for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"] as const) {
      if (given[name] === undefined) found.push(complaint(name, undefined, "any text when JWT_JWKS_URL is set"));
    }
  }
  if (values.APP_ENV !== "production") return found;
  const hashOf = (entry: string) => entry.toLowerCase().split(":")[1];
  if (values.API_KEYS?.some((entry) => hashOf(entry) === hashOf(developmentKey))) {
    refuse("API_KEYS", "your own keys when APP_ENV is production");
  }
  if (values.PROTECTION === "off") refuse("PROTECTION", "on when APP_ENV is production");
  if (values.FAULTS === "on") refuse("FAULTS", "off when APP_ENV is production");
  if (values.JWT_JWKS_URL === undefined && values.JWT_SECRET === developmentSecret) {
    found.push(
      complaint("JWT_SECRET", given.JWT_SECRET, "your own secret, or JWT_JWKS_URL, when APP_ENV is production"),
    );
  }
  if (values.JWT_JWKS_URL !== undefined && new URL(values.JWT_JWKS_URL).protocol !== "https:")
    refuse("JWT_JWKS_URL", "an https address when APP_ENV is production");
  return found;
}

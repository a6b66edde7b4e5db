// Values that are each right but do not go together, and what production does not allow.
import type { z } from "zod";
import { complaint } from "../platform/variables.ts";
import { developmentKey, developmentSecret, type variables } from "./environment.ts";

/** A line for each contradiction; `given` is what the environment says, without the defaults. */
export function contradictionsOf(
  values: z.infer<typeof variables>,
  given: Readonly<Record<string, string | undefined>>,
): string[] {
  const found: string[] = [];
  const refuse = (name: keyof typeof values, takesWhat: string) =>
    found.push(complaint(name, given[name] ?? String(values[name]), takesWhat));
  if (values.ADMIN_PORT !== undefined && values.ADMIN_PORT !== 0 && values.ADMIN_PORT === values.PORT) {
    refuse("ADMIN_PORT", "another port than PORT");
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
  // A request that its deadline ends has no single cause; each wait has its own limit so that it is named.
  for (const name of ["ADMISSION_WAIT_MS", "DB_POOL_WAIT_MS", "DB_QUERY_TIMEOUT_MS", "OUTBOUND_TIMEOUT_MS"] as const) {
    if (values[name] >= values.DEADLINE_MS) refuse(name, `less than DEADLINE_MS (${values.DEADLINE_MS})`);
  }
  // A breaker must rest for longer than a trial may take, or what is down is being tried most of the time.
  for (const [reset, limit] of [
    ["BREAKER_RESET_MS", "OUTBOUND_TIMEOUT_MS"],
    ["DB_BREAKER_RESET_MS", "DB_BREAKER_PROBE_MS"],
  ] as const) {
    if (values[reset] <= values[limit]) refuse(reset, `more than ${limit} (${values[limit]})`);
  }
  if (values.JWT_JWKS_URL !== undefined) {
    for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"] as const) {
      if (given[name] === undefined) found.push(complaint(name, undefined, "a text when JWT_JWKS_URL is set"));
    }
  }
  if (values.APP_ENV !== "production") return found;
  const hashOf = (entry: string) => entry.toLowerCase().split(":")[1];
  if (values.API_KEYS?.some((entry) => hashOf(entry) === hashOf(developmentKey))) {
    refuse("API_KEYS", "keys of your own when APP_ENV is production");
  }
  if (values.PROTECTION === "off") refuse("PROTECTION", "on when APP_ENV is production");
  if (values.FAULTS === "on") refuse("FAULTS", "off when APP_ENV is production");
  if (values.JWT_JWKS_URL === undefined && values.JWT_SECRET === developmentSecret) {
    found.push(
      complaint("JWT_SECRET", given.JWT_SECRET, "a secret of your own, or JWT_JWKS_URL, when APP_ENV is production"),
    );
  }
  if (values.JWT_JWKS_URL !== undefined && new URL(values.JWT_JWKS_URL).protocol !== "https:")
    refuse("JWT_JWKS_URL", "an https address when APP_ENV is production");
  return found;
}

// Prints a token to try protected routes: curl -H "Authorization: Bearer $(npm run -s token)" …
// Signed with the configuration's shared secret. Options: `npm run token -- --subject alice --ttl 60`.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config/config.ts";
import { signDevelopmentToken } from "../src/platform/auth/development-token.ts";
import { ConfigError } from "../src/platform/variables.ts";

try {
  process.stdout.write(`${await developmentToken()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function developmentToken(): Promise<string> {
  const { subject, ttl } = parseArgs({
    options: { subject: { type: "string", default: "developer" }, ttl: { type: "string", default: "3600" } },
  }).values;
  if (!/^[1-9]\d{0,8}$/.test(ttl)) throw new RangeError(`--ttl: got ${JSON.stringify(ttl)}, takes seconds from 1`);
  if (existsSync(".env")) process.loadEnvFile(".env");
  const unused = "mysql://unused/unused";
  const { jwt } = loadConfig({ APP_ENV: "development", MYSQL_URL: unused, ...process.env }).auth;
  if (jwt.jwksUrl !== undefined) throw new ConfigError("JWT_JWKS_URL is set: only its identity provider makes tokens");
  return signDevelopmentToken(jwt, { subject, ttlS: Number(ttl) });
}

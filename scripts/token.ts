// Prints a token for trying the protected routes: curl -H "Authorization: Bearer $(npm run -s token)" …
import { existsSync } from "node:fs";
import { ConfigError, loadConfig } from "../src/config.ts";

if (existsSync(".env")) process.loadEnvFile(".env");
try {
  const unused = "mysql://unused/unused";
  const config = loadConfig({ APP_ENV: "development", MYSQL_URL: unused, ...process.env });
  process.stdout.write(`${config.authToken}\n`);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

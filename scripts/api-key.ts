// `npm run api-key NAME`: creates an API key.
// Give the key to the caller (it is only shown once) and add the entry to API_KEYS, separated by commas.
import { randomBytes } from "node:crypto";
import { apiKeyEntry, parseApiKey } from "../src/platform/auth/api-keys.ts";

try {
  const key = randomBytes(32).toString("base64url");
  const entry = apiKeyEntry(process.argv[2] ?? "", key);
  parseApiKey(entry);
  process.stdout.write(`key: ${key}\nAPI_KEYS entry: ${entry}\n`);
} catch {
  process.stderr.write("usage: npm run api-key NAME (letters, digits, dots, dashes and underscores)\n");
  process.exitCode = 1;
}

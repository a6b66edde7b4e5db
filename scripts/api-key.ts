// Makes an API key: node scripts/api-key.ts reporting
// The key goes to the caller and is shown this once; the entry goes into API_KEYS, separated by commas from others.
import { randomBytes } from "node:crypto";
import { apiKeyEntry, parseApiKey } from "../src/platform/auth/api-keys.ts";

try {
  const key = randomBytes(32).toString("base64url");
  const entry = apiKeyEntry(process.argv[2] ?? "", key);
  parseApiKey(entry);
  process.stdout.write(`key: ${key}\nAPI_KEYS entry: ${entry}\n`);
} catch {
  process.stderr.write("usage: node scripts/api-key.ts NAME (letters, digits, dots, dashes and underscores)\n");
  process.exitCode = 1;
}

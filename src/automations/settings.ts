// The environment variables of the automations. Times are in milliseconds, sizes in bytes.
import { z } from "zod";
import { urlOf, wholeNumber } from "../platform/variables.ts";

export const automationVariables = z.object({
  MARKETPLACE_FRESH_MS: wholeNumber(5000, 1, 86_400_000, "how long a cached marketplace page is fresh"),
  MARKETPLACE_STALE_MS: wholeNumber(60_000, 0, 86_400_000, "how long after that it is served while it is refreshed"),
  MARKETPLACE_CACHE_ENTRIES: wholeNumber(500, 1, 1_000_000, "most marketplace pages in the cache"),
  MARKETPLACE_CACHE_BYTES: wholeNumber(16_777_216, 1, 4_294_967_296, "most memory of the pages in the cache"),
  SEED_AUTOMATIONS: wholeNumber(0, 0, 1_000_000, "example automations put into an empty table at the start"),
  SEED_WEBHOOK_URL: urlOf(["http:", "https:"], "the webhook of the example automations").default(
    "http://127.0.0.1:9000/hooks",
  ),
});

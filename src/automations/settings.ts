// The environment variables of the automations. Times are in milliseconds, sizes in bytes.
import { z } from "zod";
import { urlOf, wholeNumber } from "../platform/variables.ts";

/** Descriptions say what each variable accepts: error messages quote them. */
export const automationVariables = z.object({
  MARKETPLACE_FRESH_MS: wholeNumber(5000, 1, 86_400_000, "how long a cached marketplace page stays fresh"),
  MARKETPLACE_STALE_MS: wholeNumber(
    60_000,
    0,
    86_400_000,
    "how long a stale page is then served while it is refreshed",
  ),
  MARKETPLACE_CACHE_ENTRIES: wholeNumber(500, 1, 1_000_000, "maximum number of marketplace pages in the cache"),
  MARKETPLACE_CACHE_BYTES: wholeNumber(16_777_216, 1, 4_294_967_296, "maximum memory for pages in the cache"),
  SEED_AUTOMATIONS: wholeNumber(
    0,
    0,
    1_000_000,
    "number of example automations inserted into an empty table at startup",
  ),
  SEED_WEBHOOK_URL: urlOf(["http:", "https:"], "the webhook of the example automations").default(
    "http://127.0.0.1:9000/hooks",
  ),
});

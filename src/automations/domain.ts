// The automations domain: wires its repository, service and routes, and seeds example data.
import { defineDomain } from "../platform/domain.ts";
import { automationRepository } from "./repository.ts";
import { automationRoutes } from "./routes.ts";
import { seedAutomations } from "./seed.ts";
import { automationService } from "./service.ts";
import { automationVariables } from "./settings.ts";
import { webhooks } from "./webhook.ts";

/** The example domain. Replace it with your own. */
export const automations = defineDomain({
  name: "automations",
  folder: import.meta.dirname,
  variables: automationVariables,
  build: (values) => ({
    routes({ database, httpClient, background }) {
      const service = automationService(automationRepository(database), webhooks(httpClient));
      return automationRoutes(service, {
        freshMs: values.MARKETPLACE_FRESH_MS,
        staleMs: values.MARKETPLACE_STALE_MS,
        maxEntries: values.MARKETPLACE_CACHE_ENTRIES,
        maxBytes: values.MARKETPLACE_CACHE_BYTES,
        background,
      });
    },

    async prepare(connection, log) {
      const seeded = await seedAutomations(connection, values.SEED_AUTOMATIONS, values.SEED_WEBHOOK_URL);
      if (seeded > 0) log.info({ rows: seeded }, "seeded");
    },
  }),
});

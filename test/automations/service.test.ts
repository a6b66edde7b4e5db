import assert from "node:assert/strict";
import { automationRepository } from "../../src/automations/repository.ts";
import { automationService } from "../../src/automations/service.ts";
import { startService } from "../support/helper.ts";

describe("automationService", () => {
  let service: Awaited<ReturnType<typeof startService>>;
  before(async () => {
    service = await startService({ env: { SEED_AUTOMATIONS: "1" } });
  });
  after(() => service.stop());

  it("rejects with not_found when the automation is deleted just before its run", async () => {
    const repository = automationRepository(service.database);
    const deletesAfterGet = {
      ...repository,
      async get(id: number) {
        const row = await repository.get(id);
        await repository.delete(id);
        return row;
      },
    };
    const webhooks = {
      refusal: () => undefined,
      call: () => assert.fail("called the webhook of a deleted automation"),
    };
    await assert.rejects(automationService(deletesAfterGet, webhooks).run(1), { type: "not_found", status: 404 });
  });
});

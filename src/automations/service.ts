// The use cases of automations, without HTTP or SQL. Validates what it returns against the schema.
import { z } from "zod";
import { Problem } from "../platform/request/problem.ts";
import { withoutDeadline } from "../platform/request/scope.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { AutomationRepository } from "./repository.ts";
import {
  type Automation,
  type AutomationChanges,
  automation,
  type ListQuery,
  listing,
  type NewAutomation,
  type Page,
  type Run,
} from "./schema.ts";
import type { Webhooks } from "./webhook.ts";

/** What {@link automationService} returns. */
export type AutomationService = ReturnType<typeof automationService>;

/** Methods throw {@link Problem} not_found for an unknown id, and as the repository and the webhooks do. */
export function automationService(repository: AutomationRepository, webhooks: Webhooks) {
  async function get(id: number): Promise<Automation> {
    const row = await repository.get(id);
    if (row === undefined) throw notFound();
    return automation.parse(row);
  }

  /** Rejects a webhook that could never be called, instead of failing at each run. */
  function checkWebhook(url: string | undefined): void {
    const message = url === undefined ? undefined : webhooks.refusal(url);
    if (message === undefined) return;
    throw new Problem("invalid_request", { detail: "Invalid: webhookUrl", errors: [{ field: "webhookUrl", message }] });
  }

  return {
    get,

    async list(query: ListQuery): Promise<Page> {
      const cursor = query.cursor === undefined ? undefined : decodeCursor(query.sort, query.cursor);
      // Fetching one extra row shows whether there is a next page, without a count.
      const [rows, total] = await Promise.all([
        repository.list(query, query.sort, query.limit + 1, cursor),
        query.count ? repository.count(query) : undefined,
      ]);
      const items = z.array(listing).parse(rows.slice(0, query.limit));
      const last = rows.length > query.limit ? items.at(-1) : undefined;
      return {
        items,
        nextCursor: last === undefined ? null : encodeCursor(query.sort, last),
        ...(total !== undefined && { total }),
      };
    },

    async create(input: NewAutomation): Promise<Automation> {
      checkWebhook(input.webhookUrl);
      return get(await repository.create(input));
    },

    async update(id: number, changes: AutomationChanges): Promise<Automation> {
      checkWebhook(changes.webhookUrl);
      if (!(await repository.update(id, changes))) throw notFound();
      return get(id);
    },

    async delete(id: number): Promise<void> {
      if (!(await repository.delete(id))) throw notFound();
    },

    /** Calls the webhook and records the result. Creates the record before the call and finishes it whatever happens. */
    async run(id: number): Promise<Run> {
      const { name, webhookUrl } = await get(id);
      // Must not be cut off: a record whose id is lost could never be finished.
      const runId = await withoutDeadline(() => repository.startRun(id));
      if (runId === undefined) throw notFound();
      let webhookStatus: number | null = null;
      try {
        webhookStatus = await webhooks.call(webhookUrl, { runId, automation: { id, name } });
      } finally {
        const succeeded = webhookStatus !== null && webhookStatus < 300;
        const status = succeeded ? "succeeded" : "failed";
        // Even when the request is over: an unfinished run would look as if it were still running.
        await withoutDeadline(() => repository.finishRun({ id: runId, automationId: id, status, webhookStatus }));
      }
      if (webhookStatus >= 500) throw new Problem("dependency_failed");
      return { id: runId, automationId: id, status: webhookStatus < 300 ? "succeeded" : "failed", webhookStatus };
    },
  };
}

function notFound(): Problem {
  return new Problem("not_found", { detail: "There is no such automation" });
}

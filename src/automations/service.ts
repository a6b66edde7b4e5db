// What can be done with automations. Knows no HTTP and no SQL; its answers have passed the schema.
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

export type AutomationService = ReturnType<typeof automationService>;

export function automationService(repository: AutomationRepository, webhooks: Webhooks) {
  async function get(id: number): Promise<Automation> {
    const row = await repository.get(id);
    if (row === undefined) throw notFound();
    return automation.parse(row);
  }

  /** A webhook that will never be called is better refused now than at each run. */
  function checkWebhook(url: string | undefined): void {
    const message = url === undefined ? undefined : webhooks.refusal(url);
    if (message === undefined) return;
    throw new Problem("invalid_request", { detail: "Invalid: webhookUrl", errors: [{ field: "webhookUrl", message }] });
  }

  return {
    get,

    async list(query: ListQuery): Promise<Page> {
      const cursor = query.cursor === undefined ? undefined : decodeCursor(query.sort, query.cursor);
      // One more than asked for tells whether there is a next page, without counting.
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

    /** Calls the webhook and records how it went. The record exists before the call and is finished whatever happens. */
    async run(id: number): Promise<Run> {
      const { name, webhookUrl } = await get(id);
      // To its end: a record whose id is lost could never be finished.
      const runId = await withoutDeadline(() => repository.startRun(id));
      if (runId === undefined) throw notFound();
      let webhookStatus: number | null = null;
      try {
        webhookStatus = await webhooks.call(webhookUrl, { runId, automation: { id, name } });
      } finally {
        const succeeded = webhookStatus !== null && webhookStatus < 300;
        const status = succeeded ? "succeeded" : "failed";
        // Also when the request is over: a run that is not finished looks as if it still went on.
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

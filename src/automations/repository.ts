// The SQL of the automations. Every statement has a name that identifies it in traces, metrics and the slow-query log.
import type { RowDataPacket } from "mysql2/promise";
import type { Database } from "../platform/database/database.ts";
import { isMissingReference } from "../platform/database/errors.ts";
import type { Parameter } from "../platform/database/session.ts";
import type { Cursor } from "./cursor.ts";
import type { AutomationChanges, ListQuery, NewAutomation, Sort } from "./schema.ts";

/** What {@link automationRepository} returns. */
export type AutomationRepository = ReturnType<typeof automationRepository>;

interface FinishedRun {
  id: number;
  automationId: number;
  status: "succeeded" | "failed";
  webhookStatus: number | null;
}

type Filter = Pick<ListQuery, "category" | "search">;

const listingColumns = "id, name, description, category, popularity, rating, created_at AS createdAt";
const sortColumns = { popular: "popularity", rating: "rating", newest: "created_at" } as const satisfies Record<
  Sort,
  string
>;
const changeColumns = {
  name: "name",
  description: "description",
  category: "category",
  webhookUrl: "webhook_url",
} as const;

/** Reads and writes automations and their runs. Methods throw as those of {@link Database} do. */
export function automationRepository(db: Database) {
  return {
    /** Returns up to `limit` rows after `cursor`, ordered by `sort`. */
    list(filter: Filter, sort: Sort, limit: number, cursor: Cursor | undefined): Promise<RowDataPacket[]> {
      const { conditions, parameters } = filterConditions(filter);
      const column = sortColumns[sort];
      if (cursor !== undefined) {
        const key = sort === "newest" ? new Date(cursor.key) : cursor.key;
        // The first condition lets MySQL seek in the index; the second alone would scan every row before the page.
        conditions.push(`${column} <= ? AND (${column} < ? OR id < ?)`);
        parameters.push(key, key, cursor.id);
      }
      const sql = `SELECT ${listingColumns} FROM automations ${whereClause(conditions)} ORDER BY ${column} DESC, id DESC LIMIT ?`;
      return db.query("automations.list", sql, [...parameters, limit]);
    },

    async count(filter: Filter): Promise<number> {
      const { conditions, parameters } = filterConditions(filter);
      const sql = `SELECT COUNT(*) AS total FROM automations ${whereClause(conditions)}`;
      const [row] = await db.query("automations.count", sql, parameters);
      return Number(row?.total);
    },

    async get(id: number): Promise<RowDataPacket | undefined> {
      const sql = `SELECT ${listingColumns}, webhook_url AS webhookUrl, updated_at AS updatedAt FROM automations WHERE id = ?`;
      const [row] = await db.query("automations.get", sql, [id]);
      return row;
    },

    /** Returns the id of the new row. */
    async create({ name, description, category, webhookUrl }: NewAutomation): Promise<number> {
      const sql = `INSERT INTO automations (name, description, category, webhook_url, created_at, updated_at)
        VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))`;
      return (await db.write("automations.create", sql, [name, description, category, webhookUrl])).insertId;
    },

    /** Returns false when there is no such row. */
    async update(id: number, changes: AutomationChanges): Promise<boolean> {
      const assignments: string[] = [];
      const parameters: Parameter[] = [];
      for (const field of ["name", "description", "category", "webhookUrl"] as const) {
        const value = changes[field];
        if (value === undefined) continue;
        assignments.push(`${changeColumns[field]} = ?`);
        parameters.push(value);
      }
      const sql = `UPDATE automations SET ${assignments.join(", ")}, updated_at = UTC_TIMESTAMP(3) WHERE id = ?`;
      return (await db.write("automations.update", sql, [...parameters, id])).affectedRows > 0;
    },

    /** Returns false when there is no such row. */
    async delete(id: number): Promise<boolean> {
      return (await db.write("automations.delete", "DELETE FROM automations WHERE id = ?", [id])).affectedRows > 0;
    },

    /** Records that a run has started. Returns its id, or undefined when the automation has just been deleted. */
    async startRun(automationId: number): Promise<number | undefined> {
      const sql =
        "INSERT INTO automation_runs (automation_id, status, started_at) VALUES (?, 'running', UTC_TIMESTAMP(3))";
      try {
        return (await db.write("runs.create", sql, [automationId])).insertId;
      } catch (error) {
        if (isMissingReference(error)) return undefined;
        throw error;
      }
    },

    /** Records how a run ended. `webhookStatus` is null when there was no response. Success increases the popularity. */
    finishRun(run: FinishedRun): Promise<void> {
      const { id, automationId, status, webhookStatus } = run;
      return db.transaction(
        "runs.finish",
        async (transaction) => {
          const sql =
            "UPDATE automation_runs SET status = ?, webhook_status = ?, finished_at = UTC_TIMESTAMP(3) WHERE id = ?";
          await transaction.write("runs.update", sql, [status, webhookStatus, id]);
          if (status !== "succeeded") return;
          const count = "UPDATE automations SET popularity = popularity + 1 WHERE id = ?";
          await transaction.write("automations.count_run", count, [automationId]);
        },
        { retryDeadlocks: true },
      );
    },
  };
}

function filterConditions({ category, search }: Filter): { conditions: string[]; parameters: Parameter[] } {
  const conditions: string[] = [];
  const parameters: Parameter[] = [];
  if (category !== undefined) {
    conditions.push("category = ?");
    parameters.push(category);
  }
  if (search !== undefined) {
    // Scans every row of the category: fine for tens of thousands. Beyond that, use a FULLTEXT index.
    const pattern = `%${search.replaceAll(/[|%_]/g, "|$&")}%`;
    conditions.push("(name LIKE ? ESCAPE '|' OR description LIKE ? ESCAPE '|')");
    parameters.push(pattern, pattern);
  }
  return { conditions, parameters };
}

function whereClause(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}

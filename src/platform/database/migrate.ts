// Brings the schema up to date with umzug. Each migration runs once; the table `migrations` records those that ran. MySQL
// commits every DDL statement at once, so a process can die between a change and its record: `migrations_started` shows that.
import { globSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { UmzugStorage } from "umzug";
import { z } from "zod";
import type { Domain } from "../domain.ts";
import type { Logger } from "../log.ts";
import { isAlreadyApplied } from "./errors.ts";

/** What a migration file exports. Use one DDL statement per file: of several, the first ones would stay when a later one fails. */
const migrationModule = z.object({
  up: z.custom<(connection: Connection) => Promise<void>>((value) => typeof value === "function"),
});

/**
 * Runs the migrations of `domains` that have not run yet: the `.ts` files in each domain's folder `migrations`, ordered by name.
 * Each exports `up(connection)`. The caller must hold a lock: two processes would run the same migration twice. A migration that
 * was interrupted runs again; if its change turns out to be made already (the table exists, the column is gone), it counts as
 * done.
 */
export async function migrate(
  connection: Connection,
  domains: readonly Pick<Domain, "name" | "folder">[],
  log: Logger,
): Promise<void> {
  const storage = tableStorage(connection);
  // Most starts find nothing to do and can skip loading umzug, which takes 50 ms and 7 MB.
  const done = await storage.executed({ context: {} });
  const files = domains.flatMap(({ folder }) => globSync(`${folder}/migrations/*.ts`));
  if (files.every((file) => done.includes(basename(file)))) return;
  const { Umzug } = await import("umzug");
  const umzug = new Umzug({
    migrations: files.map((path) => ({
      name: basename(path),
      up: async () => {
        const { up } = migrationModule.parse(await import(pathToFileURL(path).href));
        await runOnce(connection, basename(path), up, log);
      },
    })),
    storage,
    logger: undefined,
  });
  for (const { name } of await umzug.up()) log.info({ migration: name }, "migrated");
}

/**
 * Records that the migration has started, and deletes that record when it fails. A migration that is in `migrations_started`
 * but not in `migrations` was interrupted.
 */
async function runOnce(
  connection: Connection,
  name: string,
  up: (connection: Connection) => Promise<void>,
  log: Logger,
): Promise<void> {
  const [[started]] = await connection.query<RowDataPacket[]>("SELECT 1 FROM migrations_started WHERE name = ?", [
    name,
  ]);
  if (started === undefined) {
    await connection.query("INSERT INTO migrations_started (name, started_at) VALUES (?, UTC_TIMESTAMP(3))", [name]);
  }
  try {
    await up(connection);
  } catch (error) {
    if (started !== undefined && isAlreadyApplied(error)) {
      log.warn({ migration: name }, "migration was interrupted after making its change: counts as done");
      return;
    }
    await deleteStarted(connection, name);
    throw error;
  }
}

/** Best effort: if the connection is gone, the migration may have been interrupted, and its record stays. */
async function deleteStarted(connection: Connection, name: string): Promise<void> {
  await connection.query("DELETE FROM migrations_started WHERE name = ?", [name]).catch(() => {});
}

function tableStorage(connection: Connection): UmzugStorage<object> {
  const tables = { migrations: "applied_at", migrations_started: "started_at" };
  return {
    async executed() {
      for (const [table, time] of Object.entries(tables)) {
        await connection.query(
          `CREATE TABLE IF NOT EXISTS ${table} (
             name VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
             ${time} DATETIME(3) NOT NULL
           ) ENGINE = InnoDB`,
        );
      }
      const [rows] = await connection.query<RowDataPacket[]>("SELECT name FROM migrations ORDER BY name");
      return rows.map((row) => String(row.name));
    },
    async logMigration({ name }) {
      await connection.query("INSERT INTO migrations (name, applied_at) VALUES (?, UTC_TIMESTAMP(3))", [name]);
    },
    async unlogMigration({ name }) {
      await connection.query("DELETE FROM migrations WHERE name = ?", [name]);
    },
  };
}

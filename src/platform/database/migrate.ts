// Brings the schema up to date with umzug. Each migration runs once; which ones ran is kept in the table `migrations`.
import { globSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { UmzugStorage } from "umzug";
import { z } from "zod";
import type { Logger } from "../log.ts";

/** What a migration file exports. MySQL commits each DDL statement by itself: keep a migration to one change. */
const migrationModule = z.object({
  up: z.custom<(connection: Connection) => Promise<void>>((value) => typeof value === "function"),
});

/**
 * Runs the files of `folder` that match `glob` and have not run yet, in the order of their paths. Each exports
 * `up(connection)`. Hold a lock meanwhile: two at a time would run the same migration twice.
 */
export async function migrate(connection: Connection, folder: string, glob: string, log: Logger): Promise<void> {
  const storage = tableStorage(connection);
  // Most starts find all of them done, and need no umzug: it takes 50 ms and 7 MB.
  const done = await storage.executed({ context: {} });
  const files = globSync(glob, { cwd: folder });
  if (files.every((file) => done.includes(basename(file)))) return;
  const { Umzug } = await import("umzug");
  const umzug = new Umzug({
    migrations: {
      glob: [glob, { cwd: folder }],
      resolve: ({ name, path }) => ({
        name,
        up: async () => migrationModule.parse(await import(pathToFileURL(path ?? "").href)).up(connection),
      }),
    },
    storage,
    logger: undefined,
  });
  for (const { name } of await umzug.up()) log.info({ migration: name }, "migrated");
}

function tableStorage(connection: Connection): UmzugStorage<object> {
  return {
    async executed() {
      await connection.query(
        `CREATE TABLE IF NOT EXISTS migrations (
           name VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
           applied_at DATETIME(3) NOT NULL
         ) ENGINE = InnoDB`,
      );
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

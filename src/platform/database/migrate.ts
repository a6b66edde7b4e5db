// Brings the schema up to date with umzug. Each migration runs once; which ones ran is kept in the table `migrations`. MySQL
// commits each DDL statement by itself, so a process can end between a change and the record of it: `migrations_started` says so.
import { globSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { UmzugStorage } from "umzug";
import { z } from "zod";
import type { Logger } from "../log.ts";
import { meansAlreadyDone } from "./errors.ts";

/** What a migration file exports. At most one DDL statement each: of several, the first ones would stay when one fails. */
const migrationModule = z.object({
  up: z.custom<(connection: Connection) => Promise<void>>((value) => typeof value === "function"),
});

/**
 * Runs the files of `folder` that match `glob` and have not run yet, in the order of their paths. Each exports
 * `up(connection)`. Hold a lock meanwhile: two at a time would run the same migration twice. One that was cut off before runs
 * again; when it turns out to be done already (the table exists, the column is gone), it counts as done.
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
        up: async () => {
          const { up } = migrationModule.parse(await import(pathToFileURL(path ?? "").href));
          await runOnce(connection, name, up, log);
        },
      }),
    },
    storage,
    logger: undefined,
  });
  for (const { name } of await umzug.up()) log.info({ migration: name }, "migrated");
}

/**
 * Records that the migration has started, and takes that back when it fails. One that has started and is not in `migrations` was
 * cut off.
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
    if (started !== undefined && meansAlreadyDone(error)) {
      log.warn({ migration: name }, "migration was cut off after its change: it counts as done");
      return;
    }
    await forget(connection, name);
    throw error;
  }
}

/** Best effort: on a connection that is gone, the migration may have been cut off, and its record stays. */
async function forget(connection: Connection, name: string): Promise<void> {
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

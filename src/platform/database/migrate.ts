// Brings the schema up to date with umzug. Each migration runs once; the table `migrations` records those that ran. MySQL
// commits every DDL statement at once, so a process can die between a change and its record: `migrations_started` shows that.
import { pathToFileURL } from "node:url";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { z } from "zod";
import type { Logger } from "../log.ts";
import { isAlreadyApplied } from "./errors.ts";
import { type Migration, type MigrationSource, readMigrations } from "./migrations.ts";

/** The name of the lock for {@link migrate}; see withLock. */
export const migrationLock = "migrations";

/** What a migration file exports. Use one DDL statement per file: of several, the first ones would stay when a later one fails. */
const migrationModule = z.object({
  up: z.custom<(connection: Connection) => Promise<void>>((value) => typeof value === "function"),
});

/**
 * Runs the migrations of `domains` that have not run yet: the `.ts` files in each domain's folder `migrations`, ordered by file
 * name across domains. Each exports `up(connection)`. The caller must hold {@link migrationLock}: two processes would run the same migration
 * twice. A migration that was interrupted runs again; if its change turns out to be made already (the table exists, the column
 * is gone), it counts as done. Returns the names of those that ran.
 *
 * @throws what {@link readMigrations} throws; umzug's error with the name of the migration that failed.
 */
export async function migrate(
  connection: Connection,
  domains: readonly MigrationSource[],
  log: Logger,
): Promise<readonly string[]> {
  await createTables(connection);
  const migrations = await readMigrations(connection, domains);
  await recordWithDomain(connection, migrations);
  // Most starts find nothing to do and can skip loading umzug, which takes 50 ms and 7 MB.
  const pending = migrations.filter(({ appliedAt }) => appliedAt === undefined);
  if (pending.length === 0) return [];
  const { Umzug } = await import("umzug");
  const umzug = new Umzug({
    migrations: pending.map(({ name, path }) => ({
      name,
      up: async () => {
        const { up } = migrationModule.parse(await import(pathToFileURL(path).href));
        await runOnce(connection, name, up, log);
      },
    })),
    storage: {
      executed: async () => [],
      logMigration: async ({ name }) => {
        await record(connection, name);
        log.info({ migration: name }, "migrated");
      },
      unlogMigration: async () => {},
    },
    logger: undefined,
  });
  return (await umzug.up()).map(({ name }) => name);
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
  // Earlier versions recorded the file name alone.
  const sql = "SELECT 1 FROM migrations_started WHERE name IN (?, SUBSTRING_INDEX(?, '/', -1))";
  const [[started]] = await connection.query<RowDataPacket[]>(sql, [name, name]);
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

async function createTables(connection: Connection): Promise<void> {
  for (const [table, time] of Object.entries({ migrations: "applied_at", migrations_started: "started_at" })) {
    await connection.query(
      `CREATE TABLE IF NOT EXISTS ${table} (
         name VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
         ${time} DATETIME(3) NOT NULL
       ) ENGINE = InnoDB`,
    );
  }
}

async function record(connection: Connection, name: string): Promise<void> {
  await connection.query("INSERT INTO migrations (name, applied_at) VALUES (?, UTC_TIMESTAMP(3))", [name]);
}

/** Keeps the old records, so that replicas of the earlier version can start until all are replaced. */
async function recordWithDomain(connection: Connection, migrations: readonly Migration[]): Promise<void> {
  for (const { name, recordedAs } of migrations) {
    if (recordedAs === undefined) continue;
    const sql = "INSERT INTO migrations (name, applied_at) SELECT ?, applied_at FROM migrations WHERE name = ?";
    await connection.query(sql, [name, recordedAs]);
  }
}

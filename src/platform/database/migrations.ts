// Which migrations there are, in which order they run, and which of them the database has.
import { globSync } from "node:fs";
import { basename } from "node:path";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Domain } from "../domain.ts";
import { isMissingTable } from "./errors.ts";

/** The part of a domain that has to do with migrations. */
export type MigrationSource = Pick<Domain, "name" | "folder">;

export interface Migration {
  /** Domain and file, as in `orders/2026-12-01-01-orders.ts`. */
  name: string;
  path: string;
  /** When it ran; undefined while it is pending. */
  appliedAt: Date | undefined;
  /** The name under which an earlier version recorded it: the file name alone. */
  recordedAs: string | undefined;
}

/**
 * Returns all migrations in the order in which they run: by file name across domains. File names begin with their date.
 *
 * @throws {Error} when two domains have one name, or when it is not clear which of two files an earlier version ran.
 */
export async function readMigrations(
  connection: Connection,
  sources: readonly MigrationSource[],
): Promise<Migration[]> {
  const files = filesOf(sources);
  const records = await readRecords(connection);
  const recordedFiles = new Set([...records.keys()].filter((name) => name.includes("/")).map((name) => basename(name)));
  return files.map(({ name, path }) => {
    const file = basename(path);
    const old = records.has(name) || recordedFiles.has(file) || !records.has(file) ? undefined : file;
    if (old !== undefined)
      requireOne(files.filter((other) => basename(other.path) === file).map((other) => other.name));
    return { name, path, appliedAt: records.get(old ?? name), recordedAs: old };
  });
}

/** The names of the migrations that have not run. Only reads: works without the right to create tables. */
export async function pendingMigrations(
  connection: Connection,
  sources: readonly MigrationSource[],
): Promise<readonly string[]> {
  const migrations = await readMigrations(connection, sources);
  return migrations.filter(({ appliedAt }) => appliedAt === undefined).map(({ name }) => name);
}

function filesOf(sources: readonly MigrationSource[]): { name: string; path: string }[] {
  const names = sources.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two domains have the name "${twice}": see src/domains.ts`);
  const files = sources.flatMap(({ name, folder }) =>
    globSync("migrations/*.ts", { cwd: folder }).map((file) => ({
      name: `${name}/${basename(file)}`,
      path: `${folder}/${file}`,
    })),
  );
  const key = ({ name, path }: { name: string; path: string }) => `${basename(path)} ${name}`;
  return files.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}

async function readRecords(connection: Connection): Promise<Map<string, Date>> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT name, applied_at FROM migrations");
    return new Map(rows.map((row) => [String(row.name), row.applied_at]));
  } catch (error) {
    if (isMissingTable(error)) return new Map();
    throw error;
  }
}

/** Earlier versions recorded the file name alone, and skipped the second of two files with one name. */
function requireOne(names: readonly string[]): void {
  if (names.length === 1) return;
  const [first = ""] = names;
  const file = basename(first);
  throw new Error(
    `the database records that ${file} ran, but not which: ${names.join(" or ")}. If it was the first, say so with ` +
      `INSERT INTO migrations (name, applied_at) SELECT '${first}', applied_at FROM migrations WHERE name = '${file}'`,
  );
}

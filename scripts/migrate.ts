// `npm run migrate -- status|up|new NAME [--domain NAME]`: migrations apart from the service's start (MIGRATE_ON_START=off).
// MYSQL_URL, in the environment or in .env, says where.
import { existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, relative } from "node:path";
import { parseArgs } from "node:util";
import { variables } from "../src/config/environment.ts";
import { invalidVariables } from "../src/config/invalid-variables.ts";
import { domains } from "../src/domains.ts";
import { openConnection, withLock } from "../src/platform/database/connection.ts";
import { migrate, migrationLock } from "../src/platform/database/migrate.ts";
import { readMigrations } from "../src/platform/database/migrations.ts";
import { createLogger } from "../src/platform/log.ts";
import { migrationFile } from "./scaffold/migration-file.js";
import { refusalOfName } from "./scaffold/names.js";

const usage = "usage: npm run migrate -- status | up | new NAME [--domain NAME]";

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { domain: { type: "string" } }, allowPositionals: true });
  const [command, name, ...more] = positionals;
  if (more.length > 0 || (name !== undefined) !== (command === "new")) throw new Error(usage);
  if (command === "status") return printStatus();
  if (command === "up") return runPending();
  if (command === "new" && name !== undefined) return writeFile(name, values.domain);
  throw new Error(usage);
}

/** Prints a line for each migration, in the order in which they run. */
async function printStatus(): Promise<void> {
  const connection = await openConnection(databaseUrl());
  try {
    const migrations = await readMigrations(connection, domains);
    for (const { name, appliedAt } of migrations) {
      process.stdout.write(`${appliedAt?.toISOString() ?? "pending".padEnd(24)}  ${name}\n`);
    }
    const pending = migrations.filter(({ appliedAt }) => appliedAt === undefined).length;
    process.stdout.write(`${migrations.length} migrations, ${pending} pending\n`);
  } finally {
    connection.destroy();
  }
}

async function runPending(): Promise<void> {
  const lock = { name: migrationLock, waitS: 600 };
  const log = createLogger("warn");
  const ran = await withLock(databaseUrl(), lock, (connection) => migrate(connection, domains, log));
  for (const name of ran) process.stdout.write(`migrated  ${name}\n`);
  if (ran.length === 0) process.stdout.write("nothing to do\n");
}

function writeFile(name: string, ofDomain: string | undefined): void {
  const refusal = refusalOfName(name, 60);
  if (refusal !== undefined) throw new Error(refusal);
  const names = domains.map((domain) => domain.name);
  const domain = domains.find((each) => each.name === (ofDomain ?? (names.length === 1 ? names[0] : undefined)));
  if (domain === undefined) throw new Error(`--domain takes one of: ${names.join(", ")}`);
  const files = domains.flatMap(({ folder }) =>
    globSync("migrations/*.ts", { cwd: folder }).map((file) => basename(file)),
  );
  const folder = `${domain.folder}/migrations`;
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${migrationFile(name, new Date().toISOString().slice(0, 10), files)}`;
  writeFileSync(
    path,
    `import type { Connection } from "mysql2/promise";

export async function up(connection: Connection): Promise<void> {
  // One DDL statement: MySQL commits each by itself.
  await connection.query("ALTER TABLE …");
}
`,
    { flag: "wx" },
  );
  process.stdout.write(`${relative(process.cwd(), path)}\n`);
}

function databaseUrl(): string {
  if (existsSync(".env")) process.loadEnvFile(".env");
  const wanted = variables.pick({ MYSQL_URL: true });
  const given = process.env.MYSQL_URL ? { MYSQL_URL: process.env.MYSQL_URL } : {};
  const complaints = invalidVariables(wanted, given);
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  return wanted.parse(given).MYSQL_URL;
}

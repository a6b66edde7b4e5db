// `npm test [-- mocha's arguments]`: mocha with a throw-away database, found by the same code as in `npm run local`.
// `npm test -- --stack`: tests of the container stack, without a database here.
// `npm test -- --overload [--json [--quick]]`: overload tests; --json prints only their figures on stdout.
// `npm test -- --overload --soak [MINUTES]`: mild overload for a long time, to see whether memory grows.
// `npm test -- --bench [--figures …]`: tests of the benchmark; --figures runs the benchmark itself, with its own arguments.
// `npm test -- --faults`: tests of failures of the database and other dependencies.
// `npm test -- --neighbours`: tests of the other callers while one misbehaves.
// Unlike `npm run local` it ignores .env, so that tests never run on your working data.
import "./bootstrap/node-version.js";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeDatabase, openDatabase } from "./bootstrap/database/open.js";
import { ensureDependencies, ensureInstalled } from "./bootstrap/dependencies.js";
import { explain } from "./bootstrap/failure.js";
import { startKeeper } from "./bootstrap/keeper.js";
import { mochaArguments } from "./bootstrap/mocha-arguments.js";
import { createProgress } from "./bootstrap/progress.js";
import { aborted, stopSignal } from "./bootstrap/stop-signal.js";
import { createSupervisor } from "./bootstrap/supervisor.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const supervisor = createSupervisor();
const stopAsked = stopSignal(() => supervisor.kill());
const ending = AbortSignal.any([stopAsked, supervisor.died]);
const keeper = startKeeper();

try {
  process.exitCode = await runTests(process.argv.slice(2));
} catch (error) {
  console.error(explain(supervisor.died.reason ?? error));
  process.exitCode = 1;
}
if (stopAsked.aborted) process.exitCode = 130;
await supervisor.stop();
await keeper.close();
process.exit();

/** @param {string[]} args @returns {Promise<number>} the exit code of what ran */
async function runTests(args) {
  const bench = args.includes("--bench");
  const figures = bench && args.includes("--figures");
  const report = args.includes("--overload") && args.includes("--json");
  const { step } = createProgress(report || figures ? process.stderr : process.stdout);
  const node = await step("dependencies", async (note) => {
    const { node, installed } = await ensureDependencies(root, { signal: ending, note });
    return { shown: installed ? "installed" : "present", value: node };
  });
  if (bench) {
    await step("peers", async (note) => {
      const installed = await ensureInstalled(join(root, "test", "bench"), { signal: ending, note });
      return { shown: installed ? "installed" : "present", value: undefined };
    });
  }
  const stack = args.includes("--stack");
  const MYSQL_URL = stack ? undefined : await step("database", startDatabase);
  const env = { ...process.env, ...(stack ? {} : { MYSQL_URL }) };
  if (args.includes("--soak")) return runInForeground(node, [join("test", "overload", "soak.ts"), ...args], env);
  if (figures) {
    const benchArgs = args.filter((arg) => arg !== "--bench" && arg !== "--figures");
    return runInForeground(node, [join("test", "bench", "bench.ts"), ...benchArgs], env);
  }
  if (report) return runInForeground(node, [join("test", "overload", "report.ts"), ...args], env);
  const mocha = [join("node_modules", "mocha", "bin", "mocha.js"), ...(await mochaArguments(root, args))];
  return runInForeground(node, mocha, env);
}

/** @param {(text: string) => void} note */
async function startDatabase(note) {
  const database = await openDatabase({ env: process.env, keepIn: undefined, signal: ending, keeper, note });
  if (database.child !== undefined) supervisor.add("database", database.child);
  return { shown: describeDatabase(database), value: database.url };
}

/**
 * Runs in the terminal's process group, so that mocha's output and Ctrl-C work as if it were called directly.
 * @param {string} node
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
async function runInForeground(node, args, env) {
  ending.throwIfAborted();
  const child = spawn(node, args, { cwd: root, env, stdio: "inherit" });
  aborted(ending).then(() => child.kill("SIGTERM"));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (supervisor.died.aborted) throw supervisor.died.reason;
  return code ?? 1;
}

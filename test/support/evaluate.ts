// Runs a script in a process of its own, to see what it loads.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "./helper.ts";

/** Ahead of everything else: keeps the address of every module that is loaded, and prints them at the end. */
const listing = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const urls = [];
  registerHooks({
    load(url, context, next) {
      urls.push(url);
      return next(url, context);
    },
  });
  process.on("exit", () => process.stderr.write("\\n" + JSON.stringify(urls)));`)}`;

/**
 * The output of `script`, an ES module in the project's folder, and the address of each module that was loaded. `before` is a
 * module to load ahead of all others.
 */
export async function evaluate(
  script: string,
  env: Record<string, string> = {},
  { telemetry = false, before }: { telemetry?: boolean; before?: string } = {},
): Promise<{ output: string; modules: string[] }> {
  const ahead = [...(before === undefined ? [] : [before]), listing, ...(telemetry ? ["./src/telemetry.ts"] : [])];
  const preloaded = ahead.flatMap((path) => ["--import", path]);
  const program = `${script}\nprocess.exit();`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...preloaded, "--input-type=module", "--eval", program],
    { cwd: root, env: { PATH: process.env.PATH, ...env } },
  );
  return { output: stdout, modules: JSON.parse(stderr.split("\n").at(-1) ?? "") };
}

// Runs a script in a separate process and lists the modules that it loads.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "./helper.ts";

/** Preloaded: records the URL of every module that is loaded, and prints them at exit. */
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
 * Runs `script` as an ES module in the project's folder. Returns its output and the URL of each loaded module. `before` is a
 * module to load before all others.
 */
export async function evaluate(
  script: string,
  env: Record<string, string> = {},
  { telemetry = false, before }: { telemetry?: boolean; before?: string } = {},
): Promise<{ output: string; modules: string[] }> {
  const preloads = [...(before === undefined ? [] : [before]), listing, ...(telemetry ? ["./src/telemetry.ts"] : [])];
  const imports = preloads.flatMap((path) => ["--import", path]);
  const program = `${script}\nprocess.exit();`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...imports, "--input-type=module", "--eval", program],
    { cwd: root, env: { PATH: process.env.PATH, ...env } },
  );
  return { output: stdout, modules: JSON.parse(stderr.split("\n").at(-1) ?? "") };
}

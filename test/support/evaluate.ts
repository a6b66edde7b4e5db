// Runs a script in its own process, to see its output and which modules it loads.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "./helper.ts";

/** Preloaded first: records the URL of every loaded module, and prints them at exit. */
const moduleRecorder = `data:text/javascript,${encodeURIComponent(`
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
 * Runs `script` as an ES module in the project's folder. Returns its output and the URLs of the loaded modules. `before` is a
 * module to load before all others.
 */
export async function evaluate(
  script: string,
  env: Record<string, string> = {},
  { telemetry = false, before }: { telemetry?: boolean; before?: string } = {},
): Promise<{ output: string; modules: string[] }> {
  const imports = [
    ...(before === undefined ? [] : [before]),
    moduleRecorder,
    ...(telemetry ? ["./src/telemetry.ts"] : []),
  ];
  const preloaded = imports.flatMap((path) => ["--import", path]);
  const program = `${script}\nprocess.exit();`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...preloaded, "--input-type=module", "--eval", program],
    { cwd: root, env: { PATH: process.env.PATH, ...env } },
  );
  return { output: stdout, modules: JSON.parse(stderr.split("\n").at(-1) ?? "") };
}

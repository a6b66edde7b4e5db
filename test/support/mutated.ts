// Runs a script in its own process, with dependencies changed while they load, as a later version could change them. Changes
// nothing on disk.
import { evaluate } from "./evaluate.ts";

export interface Mutation {
  /** The end of the file's path, such as `on-finished/index.js`. */
  file: string;
  /** Texts to replace everywhere in the file, with their replacements. */
  replace: readonly (readonly [text: string, by: string])[];
}

/** Like {@link evaluate}. Rejects when a file wasn't loaded or lacks one of the texts: the test would test nothing. */
export async function evaluateMutated(
  script: string,
  mutations: readonly Mutation[],
  env: Record<string, string> = {},
  options: { telemetry?: boolean } = {},
): Promise<{ output: string; modules: string[] }> {
  const mutating = `
    import { registerHooks } from "node:module";
    const mutations = ${JSON.stringify(mutations)};
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const result = next(url, context);
        const mutation = mutations.find(({ file }) => url.endsWith(file));
        if (mutation === undefined) return result;
        loaded.add(mutation.file);
        let source = String(result.source);
        for (const [text, by] of mutation.replace) {
          if (!source.includes(text)) throw new Error(mutation.file + " has no " + text);
          source = source.replaceAll(text, by);
        }
        return { ...result, source };
      },
    });
    process.on("exit", () => {
      const missing = mutations.filter(({ file }) => !loaded.has(file)).map(({ file }) => file);
      if (missing.length > 0) {
        process.exitCode = 1;
        process.stderr.write("\\nnot loaded: " + missing.join(", "));
      }
    });`;
  return evaluate(script, env, { ...options, before: `data:text/javascript,${encodeURIComponent(mutating)}` });
}

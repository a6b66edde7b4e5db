// Runs a script on dependencies that are changed as they are loaded, in a process of its own: what a later version of them
// could look like. Nothing on disk changes.
import { evaluate } from "./evaluate.ts";

export interface Mutation {
  /** The end of the file's path, such as `on-finished/index.js`. */
  file: string;
  /** Texts to replace, wherever they occur, with what takes their place. */
  replace: readonly (readonly [text: string, by: string])[];
}

/** As {@link evaluate}. Rejects when a file was not loaded, or does not have one of the texts: then nothing was tested. */
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

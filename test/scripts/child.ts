// Runs a script as a separate process and watches its output.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type Child = {
  readonly process: ChildProcess;
  /** Everything that it has written to stdout and stderr. */
  readonly output: () => string;
  /** Resolves with the first match in the output; rejects when the process ends without one. */
  readonly waitForOutput: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Resolves with the exit code when it has ended. */
  readonly ended: Promise<number | null>;
};

/** Runs scripts/`script` with only `env` as its environment. */
export function start(script: string, env: Record<string, string> = {}): Child {
  const path = fileURLToPath(new URL(`../../scripts/${script}`, import.meta.url));
  const child = spawn(process.execPath, [path], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      child.emit("output");
    });
  }
  const ended = once(child, "close").then(() => child.exitCode);
  async function waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(output);
      if (found) return found;
      const gone = await Promise.race([once(child, "output").then(() => false), ended.then(() => true)]);
      if (gone && !pattern.test(output)) throw new Error(`it ended without output matching ${pattern}: ${output}`);
    }
  }
  return { process: child, output: () => output, waitForOutput, ended };
}

/** Stops it and resolves with the exit code and the time that it took. */
export async function stopped(
  { process, ended }: Child,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; ms: number }> {
  const began = performance.now();
  process.kill(signal);
  return { code: await ended, ms: performance.now() - began };
}

// Runs `npm run dev` in a copy of the repository, and measures the time from a change to the first answer of the changed service.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freePort } from "../bootstrap/ports.js";
import type { Copy } from "./copy.ts";

const health = z.object({ status: z.string(), version: z.string() });
const startLimitMs = 120_000;

/** The ways in which editors and git change a file. */
export const changes = {
  "written in place": ({ folder, file, content }: Copy, marker: string) =>
    writeFileSync(join(folder, file), content(marker)),
  "renamed over": ({ folder, file, content }: Copy, marker: string) => {
    const temporary = join(folder, `${file}.new`);
    writeFileSync(temporary, content(marker));
    renameSync(temporary, join(folder, file));
  },
  "git checkout": ({ checkOut }: Copy, marker: string) => checkOut(marker),
} satisfies Record<string, (copy: Copy, marker: string) => void>;

export interface Dev {
  readonly url: string;
  output(): string;
  /** Resolves once the service runs the file with this marker and is healthy; with undefined after `limitMs`. */
  untilMarked(marker: string, limitMs: number): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Starts it on free ports. Resolves once the service is ready. */
export async function startDev(copy: Copy, env: Record<string, string> = {}, args: string[] = []): Promise<Dev> {
  const PORT = String(await freePort());
  const ports: Record<string, string> = { PORT, VIEWER_PORT: String(await freePort()) };
  // example: begin
  ports.WEBHOOK_PORT = String(await freePort());
  // example: end
  const child = spawn(process.execPath, ["scripts/local.js", "--watch", ...args], {
    cwd: copy.folder,
    env: {
      ...process.env,
      // In the copy, not in the dependencies that it shares.
      NODE_COMPILE_CACHE: join(copy.folder, ".local", "compile"),
      ...env,
      ...ports,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const url = `http://127.0.0.1:${PORT}`;
  const exited = once(child, "close");

  async function untilMarked(marker: string, limitMs: number): Promise<number | undefined> {
    const startedAt = performance.now();
    while (performance.now() - startedAt < limitMs && child.exitCode === null) {
      const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) })
        .then(async (response) => health.safeParse(await response.json()).data)
        .catch(() => undefined);
      if (answer?.version === marker && answer.status === "healthy") return performance.now() - startedAt;
      await sleep(10);
    }
    return undefined;
  }

  async function stop(): Promise<void> {
    if (child.exitCode === null) child.kill("SIGTERM");
    await exited;
  }

  if ((await untilMarked("start", startLimitMs)) === undefined) {
    await stop();
    throw new Error(`npm run dev did not start:\n${output}`);
  }
  return { url, output: () => output, untilMarked, stop };
}

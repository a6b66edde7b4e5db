// Servers with exactly known behaviour, to check the measurements, and a way to run the command.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { addressOf, root } from "../../support/helper.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on loopback that responds as `answer` does; `count` is the number of earlier requests. */
export async function serve(answer: Answer) {
  let count = 0;
  const server = createServer((request, response) => answer(request, response, count++)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: addressOf(server.address()),
    count: () => count,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function problem(response: ServerResponse, status: number, type: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" }).end(JSON.stringify({ type, status }));
}

/** Runs the command. */
export function timeouts(...args: string[]) {
  const child = spawn(process.execPath, [`${root}/scripts/timeouts.ts`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A failing test never gets to stop it.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    child.emit("output");
  });
  const ended = once(child, "close").then(() => {
    process.off("exit", kill);
    return { code: child.exitCode, stdout, stderr };
  });
  return {
    child,
    ended,
    /** Resolves when stderr matches. */
    async waitForOutput(pattern: RegExp): Promise<void> {
      while (!pattern.test(stderr))
        await Promise.race([once(child, "output"), ended.then(() => Promise.reject(new Error(stderr)))]);
    },
  };
}

// Starts the service for a load test, and queries its response times and resources.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { root } from "../support/helper.ts";

const answeredSchema = z.object({ url: z.string(), status: z.number(), type: z.string(), ms: z.number() });
/** One response: its URL, its status, the problem type if it is an error, and its time in the server in milliseconds. */
export type Answered = z.infer<typeof answeredSchema>;

const listening = z.object({ address: z.object({ port: z.number() }) });
const report = z.object({ answered: z.array(answeredSchema) });
const resourcesSchema = z.object({
  /** Heap in use after a full garbage collection, without code. */
  heapBytes: z.number(),
  /** Client connections. */
  sockets: z.number(),
  /** Database connections, and requests that wait for one. */
  connections: z.number(),
  waiting: z.number(),
  /** Event listeners of the process, the server and the application. */
  listeners: z.number(),
  timers: z.number(),
  /** Everything that keeps the event loop alive: timers, sockets, running requests. */
  active: z.number(),
});
export type Resources = z.infer<typeof resourcesSchema>;

/** Starts the service with the routes of `routesFile` in addition to the domains' (see service.ts). */
export async function startUnderLoad(env: Record<string, string>, routesFile = `${import.meta.dirname}/routes.ts`) {
  const child = fork(`${import.meta.dirname}/service.ts`, [routesFile], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--import", "./test/support/replace-domains.js", "--import", "./src/telemetry.ts"],
    env: {
      PATH: process.env.PATH,
      APP_ENV: "development",
      MYSQL_URL: process.env.MYSQL_URL,
      OTEL_SDK_DISABLED: "true",
      ...env,
    },
  });
  let errors = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
  }
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the service exited with code ${code}\n${errors}`);
  });
  const [first] = await Promise.race([once(child, "message"), ended]);
  const { port } = listening.parse(first).address;
  const ask = async (question: "report" | "resources"): Promise<unknown> => {
    child.send(question);
    const [message] = await Promise.race([once(child, "message"), ended]);
    return message;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    /** Errors that it logged or wrote before it crashed. */
    errors: () => errors,
    /** Responses since the last call. */
    async answered(): Promise<Answered[]> {
      return report.parse(await ask("report")).answered;
    },
    /** Current resources. Also clears the recorded responses. */
    async resources(): Promise<Resources> {
      return resourcesSchema.parse(await ask("resources"));
    },
    /** Milliseconds in which its main thread was ready to run but had no free core; 0 where the system does not report it. */
    async starvedMs(): Promise<number> {
      const text = await readFile(`/proc/${child.pid}/schedstat`, "utf8").catch(() => "0 0");
      return Number(text.split(" ")[1]) / 1e6;
    },
    async stop(): Promise<void> {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

// Starts the service under load and asks it how long its answers took, and what it holds.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { root } from "../support/helper.ts";

const answeredSchema = z.object({ url: z.string(), status: z.number(), type: z.string(), ms: z.number() });
/** One answer: its URL, its status, the type of its refusal, and its time in the server. */
export type Answered = z.infer<typeof answeredSchema>;

const listening = z.object({ address: z.object({ port: z.number() }) });
const report = z.object({ answered: z.array(answeredSchema) });
const resourcesSchema = z.object({
  /** In use after a full collection, without code. */
  heapBytes: z.number(),
  /** Clients' connections to the server. */
  sockets: z.number(),
  /** Connections to the database, and who waits for one. */
  connections: z.number(),
  waiting: z.number(),
  /** Of the process, the server and the application. */
  listeners: z.number(),
  timers: z.number(),
  /** Everything that keeps the event loop alive: timers, sockets, requests that run. */
  active: z.number(),
});
export type Resources = z.infer<typeof resourcesSchema>;

/** `routesFile`: what it serves beside the example, see service.ts. */
export async function startUnderLoad(env: Record<string, string>, routesFile = `${import.meta.dirname}/routes.ts`) {
  const child = fork(`${import.meta.dirname}/service.ts`, [routesFile], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: ["--import", "./src/telemetry.ts"],
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
    throw new Error(`the service ended: exit code ${code}\n${errors}`);
  });
  const [first] = await Promise.race([once(child, "message"), ended]);
  const { port } = listening.parse(first).address;
  const ask = async (what: "report" | "resources"): Promise<unknown> => {
    child.send(what);
    const [message] = await Promise.race([once(child, "message"), ended]);
    return message;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    /** What it logged as an error, or wrote when it died. */
    errors: () => errors,
    /** What was answered since the last call. */
    async answered(): Promise<Answered[]> {
      return report.parse(await ask("report")).answered;
    },
    /** At this instant. Forgets what was answered. */
    async resources(): Promise<Resources> {
      return resourcesSchema.parse(await ask("resources"));
    },
    /** Milliseconds in which its main thread could have run and no core was free; 0 where the system does not tell. */
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

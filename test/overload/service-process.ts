// Starts the service under load and asks it how long its answers took.
import { fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { root } from "../helper.ts";

const answeredSchema = z.object({ path: z.string(), status: z.number(), type: z.string(), ms: z.number() });
/** One answer: its path, its status, the type of its refusal, and its time in the server. */
export type Answered = z.infer<typeof answeredSchema>;

const listening = z.object({ address: z.object({ port: z.number() }) });
const report = z.object({ answered: z.array(answeredSchema) });

export async function startUnderLoad(env: Record<string, string>) {
  const child = fork(`${import.meta.dirname}/service.ts`, {
    cwd: root,
    execArgv: ["--import", "./src/telemetry.ts"],
    env: {
      PATH: process.env.PATH,
      APP_ENV: "development",
      MYSQL_URL: process.env.MYSQL_URL,
      OTEL_SDK_DISABLED: "true",
      ...env,
    },
  });
  const [first] = await once(child, "message");
  const { port } = listening.parse(first).address;
  return {
    url: `http://127.0.0.1:${port}`,
    /** What was answered since the last call. */
    async answered(): Promise<Answered[]> {
      child.send("report");
      const [message] = await once(child, "message");
      return report.parse(message).answered;
    },
    async stop(): Promise<void> {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

// A server under measurement: a separate process, with a probe inside that reports its CPU time and memory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freePort, root } from "../support/helper.ts";
import { type Peer, probe } from "./peers.ts";
import { answerOf, type Surroundings } from "./processes.ts";

const usageSchema = z.object({
  cpu: z.object({ user: z.number(), system: z.number() }),
  memory: z.number(),
});

export type Server = Awaited<ReturnType<typeof startServer>>;

/** Frequent enough to time the first response, rare enough to leave it the CPU. */
const pollMs = 10;
const startWithinMs = 20_000;
/** When to send an incomplete batch. Under load batches fill up sooner, as with the default of 5 s. */
export const flushMs = 500;
const flushWithinMs = 5000;

/** How long a peer may take to stop. */
const endWithinMs = 10_000;

/** Starts and stops a peer, because Node writes its compile cache (`src/compile-cache.js`) on exit. */
export async function startOnce(peer: Peer, around: Pick<Surroundings, "sink" | "databaseUrl">): Promise<void> {
  const server = await startServer(peer, around);
  server.child.kill("SIGTERM");
  await Promise.race([server.ended.catch(() => {}), sleep(endWithinMs, undefined, { ref: false })]);
  await server.kill();
}

/** Starts a peer and waits for its first good response. `nodeOptions`: additional Node options, such as profiling. */
export async function startServer(
  peer: Peer,
  { sink, databaseUrl }: Pick<Surroundings, "sink" | "databaseUrl">,
  nodeOptions: readonly string[] = [],
) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--require", probe, ...nodeOptions, ...peer.args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      PATH: process.env.PATH,
      MYSQL_URL: databaseUrl,
      NODE_ENV: "production",
      PORT: String(port),
      OTEL_SERVICE_NAME: peer.name,
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_ENDPOINT: `${sink.url}/${peer.name}`,
      OTEL_BSP_SCHEDULE_DELAY: String(flushMs),
      // The default, 2048, is too short for five spans a request: dropped spans would cost nothing.
      OTEL_BSP_MAX_QUEUE_SIZE: "16384",
      ...peer.env,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-2000);
    });
  }
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`${peer.name} ended (${signal ?? `exit code ${code}`}) ${output.trim()}`.trim());
  });
  // Other waits reject too, and report it.
  ended.catch(() => {});
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  let answered = 0;
  try {
    await Promise.race([untilGood(), ended]);
  } catch (error) {
    await kill();
    throw error;
  }
  const startMs = performance.now() - startedAt;

  async function untilGood(): Promise<void> {
    while (performance.now() - startedAt < startWithinMs) {
      const status = await statusOf(`${url}/items/1`);
      if (status > 0) answered += 1;
      if (status === 200) return;
      await sleep(pollMs);
    }
    throw new Error(`${peer.name} returned no good response within ${startWithinMs} ms ${output.trim()}`);
  }

  return {
    url,
    child,
    /** From its start to its first good response. */
    startMs,
    /** Responses until then. */
    answered,
    /** Rejects when the process ends. */
    ended,
    /** CPU time of all its threads, user and system, in microseconds, and resident memory in bytes. */
    async usage(): Promise<{ cpuUs: number; memory: number }> {
      child.send("usage");
      const { cpu, memory } = usageSchema.parse(await Promise.race([answerOf(child), ended]));
      return { cpuUs: cpu.user + cpu.system, memory };
    },
    /** Stops it, after it has exported up to `requests` traced requests to the sink. */
    async stop(requests: number): Promise<void> {
      if (peer.traced) {
        child.kill("SIGTERM");
        const endsAt = performance.now() + flushWithinMs;
        while (performance.now() < endsAt && (await sink.received(peer.name)).requests < requests) await sleep(20);
      }
      await kill();
    },
    kill,
  };
}

/** 0 without a response. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
      response.once("error", () => resolve(0));
    });
    sent.once("error", () => resolve(0));
    sent.end();
  });
}

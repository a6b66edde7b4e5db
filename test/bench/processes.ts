// What every server needs around it: the table that it reads, the clients, and a sink for its traces.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { domains } from "../../src/domains.ts";
import { migrate } from "../../src/platform/database/migrate.ts";
import { createDatabase, silent } from "../support/helper.ts";
import { type Ask, answeredSchema, type ClosedLoop } from "./clients.ts";
import type { Received } from "./sink.ts";
import { tables } from "./tables.ts";

const listening = z.object({ address: z.object({ port: z.number() }) });
const receivedSchema: z.ZodType<Received> = z.object({ spans: z.number(), requests: z.number() });

export interface Surroundings {
  databaseUrl: string;
  sink: Sink;
  clients: Clients;
}
export type Sink = Awaited<ReturnType<typeof startSink>>;
export type Clients = ReturnType<typeof startClients>;

/** Calls `work` with what the servers need, on a new database on the server in MYSQL_URL, and cleans up afterwards. */
export async function withSurroundings<Result>(work: (around: Surroundings) => Promise<Result>): Promise<Result> {
  const database = await createDatabase();
  const sink = await startSink();
  const clients = startClients();
  try {
    // So that the template finds its tables, as on any start but the first.
    await migrate(database.connection, domains, silent);
    for (const sql of tables) await database.connection.query(sql);
    return await work({ databaseUrl: database.url, sink, clients });
  } finally {
    clients.stop();
    sink.stop();
    await database.drop();
  }
}

async function startSink() {
  const child = fork(`${import.meta.dirname}/sink.ts`);
  const { port } = listening.parse(await answerOf(child)).address;
  const ask = async (what: { of?: string; forget?: true }) => {
    child.send(what);
    return receivedSchema.parse(await answerOf(child));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    /** What has arrived since the last {@link forget} below the path `name`. */
    received: (name: string) => ask({ of: name }),
    forget: () => ask({ forget: true }),
    stop: () => child.disconnect(),
  };
}

export function startClients() {
  const child = fork(`${import.meta.dirname}/clients.ts`);
  let before: Promise<unknown> = Promise.resolve();
  const answerTo = async (ask: Ask) => {
    child.send(ask);
    return answeredSchema.parse(await answerOf(child));
  };
  return {
    /** Runs one after another: a run that its caller abandoned, because the server ended, still has its result pending. */
    run(ask: Ask): Promise<ClosedLoop> {
      const answer = before.then(() => answerTo(ask));
      before = answer.catch(() => {});
      return answer;
    },
    stop: () => child.disconnect(),
  };
}

/** The next message of a process; rejects when it ends instead. */
export async function answerOf(child: ChildProcess): Promise<unknown> {
  const given = new AbortController();
  const { signal } = given;
  try {
    const [message] = await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code]) => {
        throw new Error(`${child.spawnargs.at(-1)} ended: exit code ${code}`);
      }),
    ]);
    return message;
  } finally {
    given.abort();
  }
}

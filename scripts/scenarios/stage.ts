// What a scenario plays on: a database, a webhook receiver and the service, started for it, with faults allowed.
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { developmentSecret } from "../../src/config/environment.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { startChild } from "../bootstrap/child.js";
import { openDatabase } from "../bootstrap/database/open.js";
import { signalDatabase } from "../bootstrap/database/signal.js";
import { startKeeper } from "../bootstrap/keeper.js";
import { freePort } from "../bootstrap/ports.js";
import { untilOk } from "../bootstrap/ready.js";
import { serviceCommand } from "../bootstrap/service-command.js";
import type { Endpoint } from "../timeouts/load/load-figures.ts";

const root = dirname(dirname(import.meta.dirname));
const longestS = 600;

export type Protection = "on" | "off";

interface StageOptions {
  protection: Protection;
  env: Readonly<Record<string, string>>;
}

/** Servers that all stages of one run share: a database takes longest to start. */
export class Theatre {
  readonly #keeper = startKeeper();
  readonly #signal: AbortSignal;
  #database: Awaited<ReturnType<typeof openDatabase>> | undefined;
  #frozen = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async open(note: (text: string) => void): Promise<void> {
    // A server of its own, which may be stopped: never the one that somebody works with.
    const env = { ...process.env, MYSQL_URL: undefined };
    const options = { env, keepIn: undefined, signal: this.#signal, keeper: this.#keeper, note };
    this.#database = await openDatabase(options);
  }

  /** Every one can be played here. */
  async reasonAgainst(): Promise<undefined> {}

  /** The service anew, on the shared database. */
  async stage({ protection, env }: StageOptions): Promise<Stage> {
    const database = this.#database;
    if (database === undefined) throw new Error("not open");
    const [port, webhookPort] = [await freePort(), await freePort()];
    const shared = { cwd: root, keeper: this.#keeper, stopLimitMs: 15_000 };
    const webhook = startChild({
      ...shared,
      file: process.execPath,
      args: ["scripts/webhook.ts"],
      env: { ...process.env, WEBHOOK_HOST: "127.0.0.1", WEBHOOK_PORT: String(webhookPort) },
    });
    const child = startChild({
      ...shared,
      file: process.execPath,
      args: serviceCommand,
      env: {
        PATH: process.env.PATH,
        // Only where somebody is there to take it.
        OTEL_SDK_DISABLED: process.env.OTEL_EXPORTER_OTLP_ENDPOINT ? "false" : "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: process.env.OTEL_EXPORTER_OTLP_ENDPOINT,
        APP_ENV: "development",
        HOST: "127.0.0.1",
        PORT: String(port),
        MYSQL_URL: database.url,
        SEED_AUTOMATIONS: "10000",
        SHUTDOWN_DELAY_MS: "0",
        SHUTDOWN_TIMEOUT_MS: "2000",
        FAULTS: "on",
        PROTECTION: protection,
        ...env,
      },
    });
    const stop = async () => {
      if (this.#frozen) await this.#thaw();
      await Promise.all([child.stop(), webhook.stop()]);
    };
    const url = `http://127.0.0.1:${port}`;
    try {
      await untilOk(`http://127.0.0.1:${webhookPort}/healthz`, { signal: this.#signal, limitMs: 30_000 });
      await untilOk(`${url}/health/ready`, { signal: this.#signal, limitMs: 60_000 });
    } catch (error) {
      await stop();
      throw new Error(`the service did not start:\n${child.lastOutput()}`, { cause: error });
    }
    return new Stage({
      url,
      token: await developmentToken(),
      webhookUrl: `http://127.0.0.1:${webhookPort}/hooks`,
      stop,
      freeze: () => this.#freeze(),
    });
  }

  async close(): Promise<void> {
    if (this.#frozen) await this.#thaw();
    await this.#database?.child?.stop();
    await this.#keeper.close();
  }

  async #freeze(): Promise<void> {
    if (this.#database === undefined) return;
    await signalDatabase(this.#database, "STOP");
    this.#frozen = true;
  }

  async #thaw(): Promise<void> {
    if (this.#database === undefined) return;
    await signalDatabase(this.#database, "CONT");
    this.#frozen = false;
  }
}

/** A service in development lets its bearer in. */
export function developmentToken(): Promise<string> {
  return signDevelopmentToken(
    { secret: developmentSecret, issuer: "koa-service-template", audience: "koa-service-template" },
    { subject: "scenario", ttlS: 3600 },
  );
}

interface StageParts {
  url: string;
  token: string;
  webhookUrl: string;
  stop: () => Promise<void>;
  freeze: () => Promise<void>;
}

const created = z.object({ id: z.number() });
const health = z.object({ memory_percent: z.number() });

export class Stage {
  readonly #parts: StageParts;
  readonly #created: number[] = [];

  constructor(parts: StageParts) {
    this.#parts = parts;
  }

  get url(): string {
    return this.#parts.url;
  }

  /** The service lets its bearer in. */
  get token(): string {
    return this.#parts.token;
  }

  /** Begins a fault of the service, see src/faults. */
  async fault(name: string, amount: number): Promise<Endpoint[]> {
    await this.#call("PUT", `/faults/${name}`, { amount, seconds: longestS });
    return [];
  }

  /** Fills the memory so far, and waits until the service knows. */
  async fillMemory(percent: number): Promise<Endpoint[]> {
    await this.fault("memory", percent);
    for (let tries = 0; tries < 120; tries++) {
      const { memory_percent } = health.parse(await (await fetch(`${this.url}/health`)).json());
      if (memory_percent >= percent - 1) return [];
      await sleep(500);
    }
    throw new Error(`the memory was not at ${percent} % after a minute`);
  }

  /** An automation whose webhook behaves as this hook of scripts/webhook.ts; gives the endpoint that runs it. */
  async automationWith(hook: string): Promise<Endpoint[]> {
    const webhookUrl = `${this.#parts.webhookUrl}/${hook}`;
    const { id } = created.parse(
      await this.#call("POST", "/api/automations", { name: `Scenario: ${hook}`, category: "data", webhookUrl }),
    );
    this.#created.push(id);
    const path = `/api/automations/${id}/runs`;
    return [{ name: `POST ${path}`, method: "POST", path }];
  }

  /** Stops the database's server, until the stage is struck. */
  async freezeDatabase(): Promise<Endpoint[]> {
    await this.#parts.freeze();
    return [];
  }

  /** Ends everything that was begun here. */
  async strike(): Promise<void> {
    await Promise.allSettled(this.#created.map((id) => this.#call("DELETE", `/api/automations/${id}`)));
    await this.#parts.stop();
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }
}

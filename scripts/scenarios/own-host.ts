// Starts what a scenario runs on: a database, and the service with faults turned on.
import { dirname } from "node:path";
import { startChild } from "../bootstrap/child.js";
import { openDatabase } from "../bootstrap/database/open.js";
import { signalDatabase } from "../bootstrap/database/signal.js";
import { startKeeper } from "../bootstrap/keeper.js";
import { freePort } from "../bootstrap/ports.js";
import { untilOk } from "../bootstrap/ready.js";
import { serviceCommand } from "../bootstrap/service-command.js";
import { developmentToken, ServiceUnderTest } from "./service-under-test.ts";

const root = dirname(dirname(import.meta.dirname));

export type Protection = "on" | "off";

interface ServiceOptions {
  protection: Protection;
  env: Readonly<Record<string, string>>;
}

/** Shares one database between all services of a run, because it takes longest to start. */
export class OwnHost {
  readonly #keeper = startKeeper();
  readonly #signal: AbortSignal;
  #database: Awaited<ReturnType<typeof openDatabase>> | undefined;
  #frozen = false;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async open(note: (text: string) => void): Promise<void> {
    // Always a separate server, because scenarios stop it.
    const env = { ...process.env, MYSQL_URL: undefined };
    const options = { env, keepIn: undefined, signal: this.#signal, keeper: this.#keeper, note };
    this.#database = await openDatabase(options);
  }

  /** Every scenario can run here. */
  async obstacle(): Promise<undefined> {}

  /** Starts a new service on the shared database. */
  async service({ protection, env }: ServiceOptions): Promise<ServiceUnderTest> {
    const database = this.#database;
    if (database === undefined) throw new Error("the host is not open");
    const port = await freePort();
    const child = startChild({
      cwd: root,
      keeper: this.#keeper,
      stopLimitMs: 15_000,
      file: process.execPath,
      args: serviceCommand,
      env: {
        PATH: process.env.PATH,
        // Only where a collector receives it.
        OTEL_SDK_DISABLED: process.env.OTEL_EXPORTER_OTLP_ENDPOINT ? "false" : "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: process.env.OTEL_EXPORTER_OTLP_ENDPOINT,
        APP_ENV: "development",
        HOST: "127.0.0.1",
        PORT: String(port),
        MYSQL_URL: database.url,
        SHUTDOWN_DELAY_MS: "0",
        SHUTDOWN_TIMEOUT_MS: "2000",
        FAULTS: "on",
        PROTECTION: protection,
        ...env,
      },
    });
    const stop = async () => {
      if (this.#frozen) await this.#thaw();
      await child.stop();
    };
    const url = `http://127.0.0.1:${port}`;
    try {
      await untilOk(`${url}/health/ready`, { signal: this.#signal, limitMs: 60_000 });
    } catch (error) {
      await stop();
      throw new Error(`the service did not start:\n${child.lastOutput()}`, { cause: error });
    }
    return new ServiceUnderTest({
      url,
      token: await developmentToken(),
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

// Runs a scenario on a service that is already up (docker compose or npm run local): `npm run scenario NAME -- --url ADDRESS`.
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../bootstrap/command.js";
import { untilOk } from "../bootstrap/ready.js";
import { UsageError } from "../timeouts/command/usage-error.ts";
import { isLoopback } from "../timeouts/service/target.ts";
import type { Scenario } from "./catalog.ts";
import { developmentToken, ServiceUnderTest } from "./service-under-test.ts";

const compose = (...args: string[]) => run("docker", ["compose", ...args]);

export class RunningHost {
  readonly #url: URL;
  readonly #signal: AbortSignal;
  #paused = false;

  constructor(url: URL, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** @throws {UsageError} when the service does not respond or has faults turned off */
  async open(): Promise<void> {
    const { hostname, origin } = this.#url;
    if (!isLoopback(hostname))
      throw new UsageError(`--url: ${hostname} is not this machine; faults are only for your own`);
    const answer = await this.#ask("/faults").catch(() => undefined);
    if (answer === undefined) throw new UsageError(`${origin} does not answer`);
    if (answer.status === 404) throw new UsageError(`${origin} has faults turned off: start it with FAULTS=on`);
    if (!answer.ok) throw new UsageError(`${origin}/faults: ${answer.status}; it must accept the development token`);
  }

  /** Why the scenario cannot run here; undefined when it can. */
  async obstacle({ env, name }: Scenario): Promise<string | undefined> {
    if (env !== undefined) return "needs a service with settings of its own: run it without --url";
    if (name !== "database-outage") return undefined;
    const containers = await compose("ps", "--quiet", "mysql").catch(() => undefined);
    return containers?.code === 0 && containers.stdout !== ""
      ? undefined
      : "can only stop docker compose's database: run it without --url";
  }

  async service(): Promise<ServiceUnderTest> {
    return new ServiceUnderTest({
      url: this.#url.origin,
      token: await developmentToken(),
      stop: () => this.#restore(),
      freeze: async () => {
        const { code, output } = await compose("pause", "mysql");
        if (code !== 0) throw new Error(`docker compose pause: ${output}`);
        this.#paused = true;
      },
    });
  }

  async close(): Promise<void> {
    if (this.#paused) await this.#restore();
  }

  /** Undoes all faults. */
  async #restore(): Promise<void> {
    if (this.#paused) await compose("unpause", "mysql");
    this.#paused = false;
    await this.#ask("/faults", "DELETE").catch(() => undefined);
    if (this.#signal.aborted) return;
    await untilOk(`${this.#url.origin}/health/ready`, { signal: this.#signal, limitMs: 30_000 });
    // Gives the service time to release what the fault held.
    await sleep(1000);
  }

  async #ask(path: string, method = "GET"): Promise<Response> {
    return fetch(new URL(path, this.#url), {
      method,
      headers: { authorization: `Bearer ${await developmentToken()}` },
      signal: AbortSignal.timeout(10_000),
    });
  }
}

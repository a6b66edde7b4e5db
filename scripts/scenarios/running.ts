// A scenario on a service that runs already, by docker compose or npm run local: `npm run scenario NAME -- --url ADDRESS`.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { run } from "../bootstrap/command.js";
import { untilOk } from "../bootstrap/ready.js";
import { BadUse } from "../timeouts/command/bad-use.ts";
import { isLoopback } from "../timeouts/service/target.ts";
import type { Scenario } from "./catalog.ts";
import { developmentToken, Stage } from "./stage.ts";

const automation = z.object({ webhookUrl: z.string() });
const compose = (...args: string[]) => run("docker", ["compose", ...args]);

export class RunningService {
  readonly #url: URL;
  readonly #signal: AbortSignal;
  #paused = false;

  constructor(url: URL, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** @throws {BadUse} when it is not there, or allows no faults. */
  async open(): Promise<void> {
    const { hostname, origin } = this.#url;
    if (!isLoopback(hostname)) throw new BadUse(`--url: ${hostname} is not this machine, and faults are for your own`);
    const answer = await this.#ask("/faults").catch(() => undefined);
    if (answer === undefined) throw new BadUse(`${origin} does not answer`);
    if (answer.status === 404) throw new BadUse(`${origin} allows no faults: start it with FAULTS=on`);
    if (!answer.ok) throw new BadUse(`${origin}/faults: ${answer.status}; it takes the development token`);
  }

  /** Why it cannot be played here; undefined when it can. */
  async reasonAgainst({ env, name }: Scenario): Promise<string | undefined> {
    if (env !== undefined) return "needs a service with settings of its own: run it without --url";
    if (name !== "database-outage") return undefined;
    const containers = await compose("ps", "--quiet", "mysql").catch(() => undefined);
    return containers?.code === 0 && containers.stdout !== ""
      ? undefined
      : "can stop the database of docker compose only: run it without --url";
  }

  async stage(): Promise<Stage> {
    const seeded = automation.parse(await (await this.#ask("/api/automations/1")).json());
    return new Stage({
      url: this.#url.origin,
      token: await developmentToken(),
      webhookUrl: new URL("/hooks", seeded.webhookUrl).href,
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

  /** As it was before. */
  async #restore(): Promise<void> {
    if (this.#paused) await compose("unpause", "mysql");
    this.#paused = false;
    await this.#ask("/faults", "DELETE").catch(() => undefined);
    if (this.#signal.aborted) return;
    await untilOk(`${this.#url.origin}/health/ready`, { signal: this.#signal, limitMs: 30_000 });
    // What was held is let go.
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

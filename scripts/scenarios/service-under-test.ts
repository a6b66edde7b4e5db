// The service that a scenario makes slow, and the faults that it can provoke there.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { developmentSecret } from "../../src/config/environment.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import type { Endpoint } from "../timeouts/load/load-figures.ts";

/** A fault ends by itself after this time, should nobody end it. */
const faultSeconds = 600;

/** A token that a service in development accepts. */
export function developmentToken(): Promise<string> {
  return signDevelopmentToken(
    { secret: developmentSecret, issuer: "koa-service-template", audience: "koa-service-template" },
    { subject: "scenario", ttlS: 3600 },
  );
}

interface Parts {
  url: string;
  token: string;
  webhookUrl: string;
  stop: () => Promise<void>;
  freeze: () => Promise<void>;
}

const created = z.object({ id: z.number() });
const health = z.object({ memory_percent: z.number() });

export class ServiceUnderTest {
  readonly #parts: Parts;
  readonly #created: number[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get url(): string {
    return this.#parts.url;
  }

  /** A bearer token that the service accepts. */
  get token(): string {
    return this.#parts.token;
  }

  /** Starts a fault of the service, see src/faults. */
  async fault(name: string, amount: number): Promise<Endpoint[]> {
    await this.#call("PUT", `/faults/${name}`, { amount, seconds: faultSeconds });
    return [];
  }

  /** Fills the memory to `percent` and waits until /health reports it. */
  async fillMemory(percent: number): Promise<Endpoint[]> {
    await this.fault("memory", percent);
    for (let tries = 0; tries < 120; tries++) {
      const { memory_percent } = health.parse(await (await fetch(`${this.url}/health`)).json());
      if (memory_percent >= percent - 1) return [];
      await sleep(500);
    }
    throw new Error(`memory did not reach ${percent} % within a minute`);
  }

  /** Creates an automation that calls `hook` of scripts/webhook.ts. Resolves to the endpoint that runs it. */
  async automationWith(hook: string): Promise<Endpoint[]> {
    const webhookUrl = `${this.#parts.webhookUrl}/${hook}`;
    const { id } = created.parse(
      await this.#call("POST", "/api/automations", { name: `Scenario: ${hook}`, category: "data", webhookUrl }),
    );
    this.#created.push(id);
    const path = `/api/automations/${id}/runs`;
    return [{ name: `POST ${path}`, method: "POST", path }];
  }

  /** Stops the database server until `restore()`. */
  async freezeDatabase(): Promise<Endpoint[]> {
    await this.#parts.freeze();
    return [];
  }

  /** Undoes everything that was started here. */
  async restore(): Promise<void> {
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

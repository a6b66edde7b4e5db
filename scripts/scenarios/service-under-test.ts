// The service that a scenario makes slow, and the faults that it can provoke there.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { developmentSecret } from "../../src/config/environment.ts";
import { signDevelopmentToken } from "../../src/platform/auth/development-token.ts";
import { serviceName } from "../bootstrap/package.js";

/** A fault ends by itself after this time, should nobody end it. */
const faultSeconds = 600;

/** A token that a service in development accepts. */
export function developmentToken(): Promise<string> {
  return signDevelopmentToken(
    { secret: developmentSecret, issuer: serviceName, audience: serviceName },
    { subject: "scenario", ttlS: 3600 },
  );
}

interface Parts {
  url: string;
  token: string;
  stop: () => Promise<void>;
  freeze: () => Promise<void>;
}

const health = z.object({ memory_percent: z.number() });

export class ServiceUnderTest {
  readonly #parts: Parts;

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
  async fault(name: string, amount: number): Promise<void> {
    const response = await fetch(`${this.url}/faults/${name}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: JSON.stringify({ amount, seconds: faultSeconds }),
    });
    if (!response.ok) throw new Error(`PUT /faults/${name}: ${response.status} ${await response.text()}`);
  }

  /** Fills the memory to `percent` and waits until /health reports it. */
  async fillMemory(percent: number): Promise<void> {
    await this.fault("memory", percent);
    for (let tries = 0; tries < 120; tries++) {
      const { memory_percent } = health.parse(await (await fetch(`${this.url}/health`)).json());
      if (memory_percent >= percent - 1) return;
      await sleep(500);
    }
    throw new Error(`memory did not reach ${percent} % within a minute`);
  }

  /** Stops the database server until `restore()`. */
  async freezeDatabase(): Promise<void> {
    await this.#parts.freeze();
  }

  /** Undoes everything that was started here. */
  async restore(): Promise<void> {
    await this.#parts.stop();
  }
}

// Makes the service really slow for a limited time, so that you can watch its protections and dashboards at work: holds
// connections, locks a table, fills memory, blocks the event loop.
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "../platform/database/connection.ts";
import type { Database } from "../platform/database/database.ts";
import type { Logger } from "../platform/log.ts";
import { outsideRequest } from "../platform/request/scope.ts";
import { faultsTable } from "./rows.ts";

/** The faults, and the meaning of each one's `amount`. */
export const faultKinds = {
  pool: "pool connections to hold",
  lock: "milliseconds to lock the table, then to unlock it, in turns",
  memory: "percent of the available memory to fill",
  auth: "milliseconds to add to each token check",
  loop: "milliseconds of each second to block the event loop",
} as const;
/** The name of a fault. */
export type FaultName = keyof typeof faultKinds;

/** How long a fault lasts, and how strong it is (see {@link faultKinds}). */
export interface Fault {
  seconds: number;
  amount: number;
}

interface FaultsOptions {
  database: Database;
  /** MYSQL_URL, for connections outside the pool. */
  url: string;
  /** Returns the process's memory use, in percent of what is available. */
  memoryPercent: () => number;
  log: Logger;
}

interface Active extends Fault {
  endsAt: number;
  stopped: AbortController;
}

/** Starts and stops faults, at most one of each kind at a time. */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #active = new Map<FaultName, Active>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** The active faults, with the remaining seconds. */
  active(): Partial<Record<FaultName, Fault>> {
    const remaining = (endsAt: number) => Math.max(0, (endsAt - performance.now()) / 1000);
    return Object.fromEntries(
      [...this.#active].map(([name, { amount, endsAt }]) => [name, { amount, seconds: remaining(endsAt) }]),
    );
  }

  /** Starts a fault. Replaces an active one of the same name. */
  start(name: FaultName, { seconds, amount }: Fault): void {
    this.stop(name);
    const stopped = new AbortController();
    const active = { seconds, amount, endsAt: performance.now() + seconds * 1000, stopped };
    this.#active.set(name, active);
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(seconds * 1000)]);
    const { log } = this.#options;
    log.warn({ fault: name, amount, seconds }, "fault started");
    outsideRequest(() => this.#run(name, amount, signal))
      .catch((error: unknown) => log.warn({ err: error, fault: name }, "fault failed"))
      .finally(() => {
        if (this.#active.get(name) === active) this.#active.delete(name);
        log.warn({ fault: name }, "fault ended");
      });
  }

  /** Ends one fault, or all. */
  stop(name?: FaultName): void {
    for (const [active, { stopped }] of this.#active) if (name === undefined || name === active) stopped.abort();
  }

  /** Wraps `verify` so that the fault `auth` delays it. */
  slowDown<Result>(verify: (token: string) => Promise<Result>): (token: string) => Promise<Result> {
    return async (token) => {
      const delayMs = this.#active.get("auth")?.amount ?? 0;
      if (delayMs > 0) await sleep(delayMs);
      return verify(token);
    };
  }

  async #run(name: FaultName, amount: number, signal: AbortSignal): Promise<void> {
    switch (name) {
      case "pool":
        await Promise.all(Array.from({ length: amount }, () => this.#holdConnection(signal)));
        break;
      case "lock":
        await this.#lockTable(amount, signal);
        break;
      case "memory":
        await this.#fillMemory(amount, signal);
        break;
      case "auth":
        await aborted(signal);
        break;
      case "loop":
        await blockLoop(amount, signal);
    }
  }

  async #holdConnection(signal: AbortSignal): Promise<void> {
    const hold = () => this.#options.database.transaction("faults.hold_connection", () => aborted(signal));
    // When the pool is exhausted, requests may win the connection: try again.
    while (!signal.aborted) await hold().catch(() => sleep(50));
  }

  async #lockTable(lockMs: number, signal: AbortSignal): Promise<void> {
    const connection = await openConnection(this.#options.url);
    try {
      while (!signal.aborted) {
        await connection.query("LOCK TABLES ?? WRITE", [faultsTable]);
        await pause(lockMs, signal);
        await connection.query("UNLOCK TABLES");
        await pause(lockMs, signal);
      }
    } finally {
      connection.destroy();
    }
  }

  async #fillMemory(percent: number, signal: AbortSignal): Promise<void> {
    const held: string[][] = [];
    while (!signal.aborted) {
      // A thousand different 1 KiB strings. Made from buffers, so that V8 cannot share their parts.
      if (this.#options.memoryPercent() < percent) {
        held.push(
          Array.from({ length: 1000 }, (_, index) => Buffer.alloc(1024, `${held.length}.${index}`).toString("latin1")),
        );
      }
      await pause(5, signal);
    }
  }
}

async function blockLoop(blockMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const until = performance.now() + blockMs;
    while (performance.now() < until);
    await pause(Math.max(1, 1000 - blockMs), signal);
  }
}

/** Resolves when the signal aborts. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

// Provokes what makes a service slow, for real and for a limited time, so that its protections and its dashboards can be
// seen at work: connections that are held, a table that is locked, memory that is full, an event loop that is blocked.
import { setTimeout as sleep } from "node:timers/promises";
import { openConnection } from "../platform/database/connection.ts";
import type { Database } from "../platform/database/database.ts";
import type { Logger } from "../platform/log.ts";
import { outsideRequest } from "../platform/request/scope.ts";

/** What each one's `amount` is. */
export const faultKinds = {
  pool: "connections of the pool that are held",
  lock: "milliseconds for which the table is locked, and free again, in turn",
  memory: "percent of its memory that the process fills",
  auth: "milliseconds that each check of a token takes longer",
  loop: "milliseconds in each second for which the event loop is blocked",
} as const;
export type FaultName = keyof typeof faultKinds;

export interface Fault {
  seconds: number;
  amount: number;
}

interface FaultsOptions {
  database: Database;
  /** Of the database, for connections beside the pool. */
  url: string;
  /** The table that `lock` locks. */
  table: string;
  /** Percent of its memory that the process uses. */
  memoryPercent: () => number;
  log: Logger;
}

interface Active extends Fault {
  endsAt: number;
  stopped: AbortController;
}

export class Faults {
  readonly #options: FaultsOptions;
  readonly #active = new Map<FaultName, Active>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Those that last, with the seconds that are left. */
  active(): Partial<Record<FaultName, Fault>> {
    const left = (endsAt: number) => Math.max(0, (endsAt - performance.now()) / 1000);
    return Object.fromEntries(
      [...this.#active].map(([name, { amount, endsAt }]) => [name, { amount, seconds: left(endsAt) }]),
    );
  }

  /** Begins it, in place of the one of this name that lasts. */
  start(name: FaultName, { seconds, amount }: Fault): void {
    this.stop(name);
    const stopped = new AbortController();
    const active = { seconds, amount, endsAt: performance.now() + seconds * 1000, stopped };
    this.#active.set(name, active);
    const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(seconds * 1000)]);
    const { log } = this.#options;
    log.warn({ fault: name, amount, seconds }, "fault begins");
    outsideRequest(() => this.#provoke(name, amount, signal))
      .catch((error: unknown) => log.warn({ err: error, fault: name }, "fault failed"))
      .finally(() => {
        if (this.#active.get(name) === active) this.#active.delete(name);
        log.warn({ fault: name }, "fault is over");
      });
  }

  /** Ends the one of this name, or all. */
  stop(name?: FaultName): void {
    for (const [one, { stopped }] of this.#active) if (name === undefined || name === one) stopped.abort();
  }

  /** `verify`, as slow as `auth` says. */
  slowedDown<Result>(verify: (token: string) => Promise<Result>): (token: string) => Promise<Result> {
    return async (token) => {
      const delayMs = this.#active.get("auth")?.amount ?? 0;
      if (delayMs > 0) await sleep(delayMs);
      return verify(token);
    };
  }

  async #provoke(name: FaultName, amount: number, signal: AbortSignal): Promise<void> {
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
        await over(signal);
        break;
      case "loop":
        await blockLoop(amount, signal);
    }
  }

  async #holdConnection(signal: AbortSignal): Promise<void> {
    const hold = () => this.#options.database.transaction("faults.hold_connection", () => over(signal));
    // Others may be faster when the pool is short: it takes the next one.
    while (!signal.aborted) await hold().catch(() => sleep(50));
  }

  async #lockTable(ms: number, signal: AbortSignal): Promise<void> {
    const connection = await openConnection(this.#options.url);
    try {
      while (!signal.aborted) {
        await connection.query("LOCK TABLES ?? WRITE", [this.#options.table]);
        await pause(ms, signal);
        await connection.query("UNLOCK TABLES");
        await pause(ms, signal);
      }
    } finally {
      connection.destroy();
    }
  }

  async #fillMemory(percent: number, signal: AbortSignal): Promise<void> {
    const held: string[][] = [];
    while (!signal.aborted) {
      // A thousand different strings of a kilobyte; flattened, so that they share nothing.
      if (this.#options.memoryPercent() < percent) {
        held.push(
          Array.from({ length: 1000 }, (_, index) => Buffer.alloc(1024, `${held.length}.${index}`).toString("latin1")),
        );
      }
      await pause(5, signal);
    }
  }
}

async function blockLoop(ms: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const until = performance.now() + ms;
    while (performance.now() < until);
    await pause(Math.max(1, 1000 - ms), signal);
  }
}

/** Resolves when the signal aborts. */
async function over(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

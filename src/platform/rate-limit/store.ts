// Where the counts of all clients live: in this process, or in a Valkey or Redis server that the replicas share. A shared
// store that fails or hangs must not cost requests their answer, so the limiter does without it and asks again now and then.
import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import type { WindowState } from "koa-ratelimit";
import { reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";
import { BoundedWindows } from "./bounded-windows.ts";
import { redisAddress } from "./redis-url.ts";

/** The longest that a request waits for the shared store. */
const commandTimeoutMs = 100;
/** During an outage one request in this time asks the store, the others pass at once. */
const retryMs = 1000;
/** A connection that owes an answer for this long is replaced: the server behind it may be gone without a word. */
const silentConnectionMs = 2000;

export interface RateLimitStore {
  /** What one limiter counts in. */
  open(): { driver: "memory"; db: Map<string, WindowState> } | { driver: "redis"; db: Redis };
  /** False while the store is known to be away, except once every second for the caller that is to try it. */
  usable(): boolean;
  /** Say how asking went. Each outage is logged once when it begins and once when it is over. */
  worked(): void;
  failed(error: unknown): void;
  close(): Promise<void>;
}

/**
 * Counts of this process only, for at most `clients` clients a limiter (about 250 bytes each). Each limiter has its own, so
 * that a flood of addresses cannot push out the counts of subjects.
 */
export function memoryStore(clients = 50_000): RateLimitStore {
  return {
    open: () => ({ driver: "memory", db: new BoundedWindows(clients) }),
    usable: () => true,
    worked() {},
    failed() {},
    async close() {},
  };
}

interface RedisStoreOptions {
  /** Tells for which addresses to warn of plain text, once: clients' addresses and a password go over it. Default: none. */
  warnOfPlainTextTo?: (address: string) => boolean;
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number;
}

/** Counts in the server at `url` (see {@link redisAddress}), shared by all that use it. Connects in the background. */
export function redisStore(url: string, log: Logger, options: RedisStoreOptions = {}): RateLimitStore {
  const { warnOfPlainTextTo, now = () => performance.now() } = options;
  const address = redisAddress(url);
  // Only where there is such a server: it takes 30 ms and 10 MB.
  const ioredis: typeof import("ioredis") = createRequire(import.meta.url)("ioredis");
  const db = new ioredis.Redis({
    ...address,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1000,
    socketTimeout: silentConnectionMs,
    // What was not sent is refused at once, and what was lost with a connection is not counted later.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, retryMs),
  });
  let retryAt: number | undefined;

  function failed(error: unknown): void {
    if (retryAt === undefined) {
      log.warn({ reason: reasonOf(error) }, "the rate-limit store does not answer: requests pass without a limit");
    }
    retryAt = now() + retryMs;
  }
  if (warnOfPlainTextTo && address.tls === undefined) {
    // By the address that is connected to: what a name stands for is only known then.
    db.once("connect", () => {
      const { remoteAddress = "" } = db.stream;
      if (!warnOfPlainTextTo(remoteAddress)) return;
      log.warn(
        { address: remoteAddress },
        "the rate-limit store is reached in plain text at a public address: rediss:// in RATE_LIMIT_REDIS_URL encrypts it",
      );
    });
  }
  // ioredis says so each time that it cannot connect.
  db.on("error", failed);
  db.on("ready", () => {
    if (retryAt !== undefined) retryAt = now();
  });

  return {
    open: () => ({ driver: "redis", db }),
    usable() {
      if (db.status !== "ready") return false;
      if (retryAt === undefined) return true;
      if (now() < retryAt) return false;
      retryAt = now() + retryMs;
      return true;
    },
    worked() {
      if (retryAt === undefined) return;
      retryAt = undefined;
      log.info("the rate-limit store answers again");
    },
    failed,
    async close() {
      db.disconnect();
    },
  };
}

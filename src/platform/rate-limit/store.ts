// Where the request counts live: in this process, or in a Valkey or Redis server that the replicas share. Requests must not
// fail because a shared store fails or hangs, so the limiter goes without it and retries from time to time.
import { createRequire } from "node:module";
import type { Redis } from "ioredis";
import type { WindowState } from "koa-ratelimit";
import { reasonOf } from "../error-fields.ts";
import type { Logger } from "../log.ts";
import { BoundedWindows } from "./bounded-windows.ts";
import { redisAddress } from "./redis-url.ts";

/** During an outage, one request per interval tries the store; the others pass at once. */
const retryIntervalMs = 1000;
/** Replaces a connection that leaves a command unanswered for this long: the server may have vanished. */
const silentConnectionMs = 2000;

export interface RateLimitStore {
  /** The koa-ratelimit driver for one limiter. */
  open(): { driver: "memory"; db: Map<string, WindowState> } | { driver: "redis"; db: Redis };
  /** False while the store is known to be down, except once a second for the caller that should try it. */
  usable(): boolean;
  /** Reports that the store answered. Logs the end of an outage. */
  worked(): void;
  /** Reports that the store failed. Logs the start of an outage. */
  failed(error: unknown): void;
  close(): Promise<void>;
}

/**
 * Counts in this process, for at most `clients` clients per limiter (about 250 bytes each). Each limiter has its own map, so
 * that a flood of addresses cannot evict the counts of subjects.
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
  /** How long a request waits for the shared store at most. Default: 100. */
  commandTimeoutMs?: number;
  /** Warns once when connected in plain text to an address for which this returns true. Default: never. */
  warnOfPlainTextTo?: (address: string) => boolean;
  /** Milliseconds on a monotonic clock. */
  now?: () => number;
}

/** Counts in the Valkey or Redis server at `url` (see {@link redisAddress}). Connects in the background. */
export function redisStore(url: string, log: Logger, options: RedisStoreOptions = {}): RateLimitStore {
  const { commandTimeoutMs = 100, warnOfPlainTextTo, now = () => performance.now() } = options;
  const address = redisAddress(url);
  // Loaded on demand: it takes 30 ms and 10 MB.
  const ioredis: typeof import("ioredis") = createRequire(import.meta.url)("ioredis");
  const db = new ioredis.Redis({
    ...address,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1000,
    socketTimeout: silentConnectionMs,
    // Commands fail at once without a connection, and are not repeated when one is lost.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 100, retryIntervalMs),
  });
  let retryAt: number | undefined;

  function failed(error: unknown): void {
    if (retryAt === undefined) {
      log.warn({ reason: reasonOf(error) }, "the rate-limit store does not answer: requests pass without a limit");
    }
    retryAt = now() + retryIntervalMs;
  }
  if (warnOfPlainTextTo && address.tls === undefined) {
    // The address behind a host name is known only once connected.
    db.once("connect", () => {
      const { remoteAddress = "" } = db.stream;
      if (!warnOfPlainTextTo(remoteAddress)) return;
      log.warn(
        { address: remoteAddress },
        "the rate-limit store is reached in plain text at a public address: use rediss:// in RATE_LIMIT_REDIS_URL to encrypt it",
      );
    });
  }
  // ioredis emits an error for each failed attempt to connect.
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
      retryAt = now() + retryIntervalMs;
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

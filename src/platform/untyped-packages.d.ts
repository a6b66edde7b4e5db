// The parts that are used here of packages that bring no types of their own.
declare module "@koa/cors" {
  import type { ParameterizedContext } from "koa";

  export default function cors(options: {
    /** The allowed origin for this request; empty for none. */
    origin: (ctx: ParameterizedContext) => string;
    allowMethods: string[];
    allowHeaders: string[];
    exposeHeaders: string[];
    /** How long browsers may keep the answer to a preflight, in seconds. */
    maxAge: number;
    keepHeadersOnError: boolean;
  }): (ctx: ParameterizedContext, next: () => Promise<void>) => Promise<void>;
}

declare module "koa-ratelimit" {
  import type { Redis } from "ioredis";

  export interface WindowState {
    id: string;
    /** When the window ends, in seconds since 1970, with fractions. */
    reset: number;
    remaining: number;
    total: number;
  }

  /** What it uses of Koa's context. */
  export interface RateLimitContext {
    state: object;
    body: unknown;
    status: number;
    set(fields: string | Record<string, number>): void;
  }
  interface Options<Context> {
    max: number;
    /** Length of the window in milliseconds. */
    duration: number;
    /** Goes before the id in the store's keys. */
    namespace: string;
    id: (ctx: Context) => string;
    errorMessage: string;
    /** What it calls its three figures. */
    headers: Record<"remaining" | "reset" | "total", string>;
  }
  type Store = { driver: "memory"; db: Map<string, WindowState> } | { driver: "redis"; db: Redis };

  export default function ratelimit<Context extends RateLimitContext>(
    options: Options<Context> & Store,
  ): (ctx: Context, next: () => Promise<void>) => Promise<void>;
}

declare module "opossum" {
  import type { EventEmitter } from "node:events";

  interface Options {
    /** How long it stays open, in milliseconds. */
    resetTimeout: number;
    /** False: no timer that emits the statistics. */
    enableSnapshots: boolean;
    /** Its event `rotate` moves the window of the statistics on, instead of a timer. */
    rotateBucketController: EventEmitter;
  }

  export default class CircuitBreaker extends EventEmitter<{ halfOpen: [resetTimeout: number] }> {
    constructor(action: () => Promise<void>, options: Options);
    readonly opened: boolean;
    readonly halfOpen: boolean;
    readonly isShutdown: boolean;
    open(): void;
    close(): void;
    /** Ends its timers and listeners; from then on it is in none of its states. */
    shutdown(): void;
  }
}

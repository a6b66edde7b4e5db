// Types for packages that ship none: only the parts that the service uses.
declare module "@koa/cors" {
  import type { ParameterizedContext } from "koa";

  export default function cors(options: {
    /** Returns the allowed origin for this request, or an empty string for none. */
    origin: (ctx: ParameterizedContext) => string;
    allowMethods: string[];
    allowHeaders: string[];
    exposeHeaders: string[];
    /** How long browsers may cache a preflight response, in seconds. */
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

  /** The parts of Koa's context that it uses. */
  export interface RateLimitContext {
    state: object;
    body: unknown;
    status: number;
    set(fields: string | Record<string, number>): void;
  }
  interface Options<Context> {
    max: number;
    /** Length of the window, in milliseconds. */
    duration: number;
    /** Prefix of the ids in the store's keys. */
    namespace: string;
    id: (ctx: Context) => string;
    errorMessage: string;
    /** Names of the three response headers. */
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
    /** Whether a timer emits statistics. */
    enableSnapshots: boolean;
    /** Advances the statistics window on its `rotate` event, instead of on a timer. */
    rotateBucketController: EventEmitter;
  }

  export default class CircuitBreaker extends EventEmitter<{ halfOpen: [resetTimeout: number] }> {
    constructor(action: () => Promise<void>, options: Options);
    readonly opened: boolean;
    readonly halfOpen: boolean;
    readonly isShutdown: boolean;
    open(): void;
    close(): void;
    /** Stops its timers and listeners. Afterwards it is in none of its states. */
    shutdown(): void;
  }
}

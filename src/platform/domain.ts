// What a domain brings to the service: its variables, its routes and what it does before the first request. src/domains.ts
// lists the domains.
import type { Connection } from "mysql2/promise";
import type { z } from "zod";
import type { Database } from "./database/database.ts";
import type { Route } from "./http/types.ts";
import type { HttpClient } from "./http-client/client.ts";
import type { Logger } from "./log.ts";
import type { Background } from "./request/scope.ts";

/** What the service shares with its domains. */
export interface Shared {
  database: Database;
  /** For outbound calls; safe for addresses that clients choose. */
  httpClient: HttpClient;
  /** For work that no request waits for. */
  background: Background;
}

/** A domain with its settings. */
export interface ConfiguredDomain {
  /** Called once, before the service listens. */
  routes(shared: Shared): Route[];
  /**
   * Called at each start after the migrations, in one process at a time; the service is not ready before. `connection` is one
   * outside of the pool.
   */
  prepare?(connection: Connection, log: Logger): Promise<void>;
}

export interface Domain {
  /** The environment variables that it reads. */
  readonly variables: z.ZodObject;
  /** With the environment, whose `variables` have been checked. */
  configure(environment: Readonly<Record<string, string>>): ConfiguredDomain;
}

/** A domain that is built from the values of its `variables`. */
export function defineDomain<Variables extends z.ZodObject>(
  variables: Variables,
  build: (values: z.infer<Variables>) => ConfiguredDomain,
): Domain {
  return { variables, configure: (environment) => build(variables.parse(environment)) };
}

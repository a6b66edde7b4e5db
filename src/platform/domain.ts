// The interface between the service and its domains: a domain brings variables, migrations, routes and an optional
// preparation step. src/domains.ts lists the domains.
import type { Connection } from "mysql2/promise";
import type { z } from "zod";
import type { Database } from "./database/database.ts";
import type { Route } from "./http/types.ts";
import type { HttpClient } from "./http-client/client.ts";
import type { Logger } from "./log.ts";
import type { Background } from "./request/scope.ts";

/** What the service provides to its domains. */
export interface Shared {
  database: Database;
  /** For outbound calls; safe for URLs that clients supply. */
  httpClient: HttpClient;
  /** Runs work that no request waits for. */
  background: Background;
}

/** A domain with its settings applied. */
export interface ConfiguredDomain {
  /** Returns the routes. Called once, before the service listens. */
  routes(shared: Shared): Route[];
  /**
   * Runs at each start after the migrations, in one process at a time; the service is not ready before it resolves.
   * `connection` is outside the pool.
   */
  prepare?(connection: Connection, log: Logger): Promise<void>;
}

/** A domain, before its settings are known. */
export interface Domain {
  /** Unique among the domains, and permanent: the database records the migrations that ran under this name. */
  readonly name: string;
  /** The domain's folder; migrations are the `.ts` files in its folder `migrations`. */
  readonly folder: string;
  /** The environment variables that it reads. */
  readonly variables: z.ZodObject;
  /** Applies the settings. The caller has checked `variables` in the environment. */
  configure(environment: Readonly<Record<string, string>>): ConfiguredDomain;
}

interface Definition<Variables extends z.ZodObject> extends Pick<Domain, "name" | "folder"> {
  variables: Variables;
  /** Gets the parsed values of `variables`. */
  build: (values: z.infer<Variables>) => ConfiguredDomain;
}

/** Defines a domain. */
export function defineDomain<Variables extends z.ZodObject>({ build, ...rest }: Definition<Variables>): Domain {
  return { ...rest, configure: (environment) => build(rest.variables.parse(environment)) };
}

// Everything behind FAULTS=on, for the composition root: the routes, what delays token checks, and a client for the faults' calls.
import type { Database } from "../platform/database/database.ts";
import type { Route } from "../platform/http/types.ts";
import { type HttpClient, type HttpClientOptions, httpClient } from "../platform/http-client/client.ts";
import type { Logger } from "../platform/log.ts";
import { memoryPercent } from "../platform/overload/memory-watch.ts";
import { Faults } from "./faults.ts";
import { loadRoutes } from "./load-routes.ts";
import { startReceiver } from "./receiver.ts";
import { faultRoutes } from "./routes.ts";

interface Config {
  database: { url: string };
  outbound: HttpClientOptions;
}

/** What {@link openFaults} returns. */
export interface OpenFaults {
  routes: Route[];
  /** Wraps the check of a token so that the fault `auth` delays it. */
  slowDown: Faults["slowDown"];
  /** Adds the breakers of the faults' calls to those of `client`. */
  withBreakers(client: Pick<HttpClient, "breakerStates">): Pick<HttpClient, "breakerStates">;
  close(): Promise<void>;
}

/** Starts the receiver of the faults' calls. Faults themselves start by request. */
export function openFaults(config: Config, database: Database, log: Logger): OpenFaults {
  const faults = new Faults({ database, url: config.database.url, memoryPercent, log });
  const receiver = startReceiver();
  // A client of its own: the domains' may not call this machine because the faults do.
  const client = httpClient({ ...config.outbound, allowPrivate: ["127.0.0.1"] }, log);
  return {
    routes: [...faultRoutes(faults), ...loadRoutes({ database, client, receiver: receiver.url })],
    slowDown: (verify) => faults.slowDown(verify),
    withBreakers: (other) => ({
      breakerStates() {
        const [own, theirs] = [client.breakerStates(), other.breakerStates()];
        return {
          closed: own.closed + theirs.closed,
          "half-open": own["half-open"] + theirs["half-open"],
          open: own.open + theirs.open,
        };
      },
    }),
    async close() {
      faults.stop();
      receiver.stop();
      await client.close();
    },
  };
}

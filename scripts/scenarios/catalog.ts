// The scenarios: each makes a real service slow in one way and says where to see it. They load the routes of the faults (src/faults),
// so that they work with any domain.
import type { Endpoint } from "../timeouts/load/load-figures.ts";
import type { Cause } from "../timeouts/verdict/causes.ts";
import type { ServiceUnderTest } from "./service-under-test.ts";

export interface Scenario {
  name: string;
  /** What `npm run timeouts` must find. */
  cause: Cause;
  /** What is provoked, in words. */
  what: string;
  /** The dashboard that shows it, and what to look at there. */
  dashboard: "slow-requests" | "service" | "database" | "runtime";
  lookAt: string;
  /** Requests a second, all endpoints together. */
  perSecond: number;
  endpoints: readonly Endpoint[];
  /** Environment variables of the service, on top of the usual ones. */
  env?: Readonly<Record<string, string>>;
  /** Starts the fault, which lasts until `restore()`. */
  provoke(service: ServiceUnderTest): Promise<void>;
}

const list = get("/api/faults/rows");
const search = get("/api/faults/rows?search=nothing");
const one = get("/api/faults/rows/1");

export const scenarios: readonly Scenario[] = [
  {
    name: "overload",
    cause: "overloaded_server",
    what: "several times as many requests as it can serve, each a search without an index",
    dashboard: "service",
    lookAt: "running and queued requests, refusals by reason; the slowest spend their time in queue",
    perSecond: 600,
    endpoints: [search],
    provoke: async () => {},
  },
  {
    name: "pool-exhaustion",
    cause: "exhausted_pool",
    what: "all 15 connections of the pool held by transactions that do nothing",
    dashboard: "database",
    lookAt: "connections in use at the limit, requests waiting for one; the slowest spend their time in pool",
    perSecond: 20,
    endpoints: [list, one],
    provoke: (service) => service.fault("pool", 15),
  },
  {
    name: "slow-query",
    cause: "slow_queries",
    what: "a table that is repeatedly locked for 0.9 s and then free for as long",
    dashboard: "database",
    lookAt: "query time by name, slow queries by fingerprint; the slowest spend their time in query",
    perSecond: 10,
    endpoints: [list, one],
    provoke: (service) => service.fault("lock", 900),
  },
  {
    name: "memory",
    cause: "memory",
    what: "a heap of 768 MB, filled to 93 % of its safe limit",
    dashboard: "runtime",
    lookAt: "memory against its limit, garbage collection; low-priority requests are shed",
    perSecond: 20,
    endpoints: [list, one],
    env: { NODE_OPTIONS: "--max-old-space-size=768" },
    provoke: (service) => service.fillMemory(93),
  },
  {
    name: "slow-auth",
    cause: "slow_auth",
    what: "authentication that takes 0.8 s per token",
    dashboard: "slow-requests",
    lookAt: "phases of the slowest requests: auth",
    perSecond: 8,
    endpoints: [one],
    provoke: (service) => service.fault("auth", 800),
  },
  {
    name: "slow-dependency",
    cause: "slow_dependency",
    what: "another service that accepts the call and never responds",
    dashboard: "service",
    lookAt: "its breaker (_DESTINATIONS) opens and calls are refused at once; until then the time goes to outbound",
    perSecond: 5,
    endpoints: [call("never")],
    provoke: async () => {},
  },
  {
    name: "database-outage",
    cause: "database_outage",
    what: "a stopped database server (SIGSTOP): it accepts connections and never responds",
    dashboard: "service",
    lookAt: "the database's breaker opens; requests are refused within milliseconds instead of waiting",
    perSecond: 20,
    endpoints: [list, one],
    provoke: (service) => service.freezeDatabase(),
  },
  {
    name: "blocked-loop",
    cause: "blocked_event_loop",
    what: "code that blocks the event loop for 0.6 s of every second",
    dashboard: "runtime",
    lookAt: "event-loop delay; requests running at that time spend theirs in loop",
    perSecond: 20,
    // With calls, because a request of 2 ms is seldom under way when the loop is blocked.
    endpoints: [list, one, call("fast")],
    provoke: (service) => service.fault("loop", 600),
  },
];

function get(path: string): Endpoint {
  return { name: `GET ${path}`, method: "GET", path };
}

/** A call to another service, which answers in one of the ways in src/faults/receiver.ts. */
function call(answer: string): Endpoint {
  const path = `/api/faults/calls?answer=${answer}`;
  return { name: `POST ${path}`, method: "POST", path };
}

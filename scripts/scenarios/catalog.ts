// The scenarios: each makes a service slow in one way, for real, and says where that can be seen.

import type { Endpoint } from "../timeouts/load/load-figures.ts";
import type { Cause } from "../timeouts/verdict/causes.ts";
import type { Stage } from "./stage.ts";

export interface Scenario {
  name: string;
  /** What `npm run timeouts` must find. */
  cause: Cause;
  /** What is provoked, for people. */
  what: string;
  /** Where it is seen: a dashboard, and what to look at on it. */
  dashboard: "slow-requests" | "service" | "database" | "runtime";
  lookAt: string;
  /** Requests a second, of all endpoints together. */
  perSecond: number;
  endpoints: readonly Endpoint[];
  /** Of the service, beside what every one has. */
  env?: Readonly<Record<string, string>>;
  /** Begins it, and gives the endpoints that come of that. It lasts until the stage is struck. */
  provoke(stage: Stage): Promise<Endpoint[]>;
}

const list = get("/api/automations/marketplace");
const search = get("/api/automations/marketplace?search=invoice&sort=rating");
const one = get("/api/automations/1");

export const scenarios: readonly Scenario[] = [
  {
    name: "overload",
    cause: "overloaded_server",
    what: "several times as many requests as can be served, each of them a search without an index",
    dashboard: "service",
    lookAt: "running and queued, refusals by reason; the phase of the slowest is queue",
    perSecond: 600,
    endpoints: [search],
    provoke: async () => [],
  },
  {
    name: "pool-exhaustion",
    cause: "exhausted_pool",
    what: "all 15 connections of the pool held by transactions that do nothing",
    dashboard: "database",
    lookAt: "connections in use at their limit, requests that wait for one; the phase of the slowest is pool",
    perSecond: 20,
    endpoints: [list, one],
    provoke: (stage) => stage.fault("pool", 15),
  },
  {
    name: "slow-query",
    cause: "slow_queries",
    what: "a table that is locked for 0.9 s, then free for as long, again and again",
    dashboard: "database",
    lookAt: "query time by name, slow queries by fingerprint; the phase of the slowest is query",
    perSecond: 10,
    endpoints: [list, one],
    provoke: (stage) => stage.fault("lock", 900),
  },
  {
    name: "memory",
    cause: "memory",
    what: "a heap of 768 MB that is full to 93 % of what is safe",
    dashboard: "runtime",
    lookAt: "memory against its limit, garbage collection; the lowest class is shed",
    perSecond: 20,
    endpoints: [list, one],
    env: { NODE_OPTIONS: "--max-old-space-size=768" },
    provoke: (stage) => stage.fillMemory(93),
  },
  {
    name: "slow-auth",
    cause: "slow_auth",
    what: "an authentication that takes 0.8 s a token",
    dashboard: "slow-requests",
    lookAt: "phases of the slowest requests: auth",
    perSecond: 8,
    endpoints: [one],
    provoke: (stage) => stage.fault("auth", 800),
  },
  {
    name: "slow-dependency",
    cause: "slow_dependency",
    what: "a webhook that takes the call and never answers",
    dashboard: "service",
    lookAt: "its breaker (_DESTINATIONS) opens, and the calls are refused at once; until then the phase is outbound",
    perSecond: 5,
    endpoints: [],
    provoke: (stage) => stage.automationWith("hanging"),
  },
  {
    name: "database-outage",
    cause: "database_outage",
    what: "a database server that is stopped (SIGSTOP): it takes connections and answers nothing",
    dashboard: "service",
    lookAt: "the database's breaker opens; requests are refused within milliseconds instead of waiting",
    perSecond: 20,
    endpoints: [list, one],
    provoke: (stage) => stage.freezeDatabase(),
  },
  {
    name: "blocked-loop",
    cause: "blocked_event_loop",
    what: "code that keeps the event loop for 0.6 s in each second",
    dashboard: "runtime",
    lookAt: "event-loop delay; the phase of requests that were at work then is loop",
    perSecond: 20,
    endpoints: [list, one],
    provoke: (stage) => stage.fault("loop", 600),
  },
];

function get(path: string): Endpoint {
  return { name: `GET ${path}`, method: "GET", path };
}

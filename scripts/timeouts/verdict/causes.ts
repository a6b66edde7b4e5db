// What can be wrong with a service that times out, how that is called, and what to do about it. The variables are those of
// src/config/environment.ts, with their defaults.
import { z } from "zod";

export const causeSchema = z.enum([
  "overloaded_server",
  "exhausted_pool",
  "slow_queries",
  "memory",
  "slow_auth",
  "slow_uploads",
  "slow_dependency",
  "blocked_event_loop",
  "database_outage",
  "nothing_wrong",
  "unknown",
]);
export type Cause = z.infer<typeof causeSchema>;

export const causes: Readonly<Record<Cause, { title: string; actions: readonly string[] }>> = {
  overloaded_server: {
    title: "overloaded server",
    actions: [
      "Run more replicas: one process saturates one core.",
      "Make the longest phase shorter: a request holds its place for as long as it runs.",
      "ADMISSION_LIMIT (10) only if processor and database have room; ADMISSION_WAIT_MS (250) says how long waiting is worth it.",
    ],
  },
  exhausted_pool: {
    title: "exhausted connection pool",
    actions: [
      "Find what holds connections: long transactions, and work between two queries of one.",
      "DB_POOL_LIMIT (15), as long as the limits of all replicas together stay below the database's max_connections.",
      "DB_POOL_WAIT_MS (500) says how soon a request that gets none is let go.",
    ],
  },
  slow_queries: {
    title: "slow queries",
    actions: [
      "The log's lines about slow queries (from SLOW_QUERY_MS, 500) name them: add an index, read fewer rows, look for locks.",
      "DB_QUERY_TIMEOUT_MS (1500) bounds each; lower it so that one slow query does not hold a place for so long.",
    ],
  },
  memory: {
    title: "memory",
    actions: [
      "Give it more: the container's limit, and NODE_OPTIONS=--max-old-space-size for the heap.",
      "Find what grows: two heap snapshots under load, compared.",
      "MEMORY_WARN_PERCENT (80) and MEMORY_SHED_PERCENT (90) say from when on it sheds.",
    ],
  },
  slow_auth: {
    title: "slow authentication",
    actions: [
      "Check how long the identity provider behind JWT_JWKS_URL takes to give its keys.",
      "Make routes that need no caller public (PUBLIC_ROUTES): they skip it.",
    ],
  },
  slow_uploads: {
    title: "slow uploads",
    actions: [
      "Nothing in the service is slow: the clients send their bodies slowly. Look at their network, or send less.",
      "Let the proxy in front buffer request bodies (nginx does by default), so that only whole requests arrive here.",
    ],
  },
  slow_dependency: {
    title: "slow dependency",
    actions: [
      "The traces' outbound spans name the one that is slow; call it after the answer, or from a queue, when the client need not wait.",
      "OUTBOUND_TIMEOUT_MS (1500) bounds each call; BREAKER_FAILURES (5) and BREAKER_RESET_MS (60000) say when it is left alone.",
    ],
  },
  blocked_event_loop: {
    title: "blocked event loop",
    actions: [
      "Find the code with `node --cpu-prof`, and move it to a worker thread or make it smaller pieces.",
      "LOOP_DELAY_SHED_MS (200) says from which delay on the lowest class is refused.",
    ],
  },
  database_outage: {
    title: "database outage",
    actions: [
      "Check the database server, and that MYSQL_URL leads to it.",
      "DB_BREAKER_RESET_MS (1000) says how soon the service asks for it again.",
    ],
  },
  nothing_wrong: { title: "nothing wrong", actions: [] },
  unknown: { title: "cause not known", actions: [] },
};

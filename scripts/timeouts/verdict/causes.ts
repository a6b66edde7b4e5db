// Why a service can be slow or time out: names, and what to do about each. Variables, with their defaults in brackets, are those
// of src/config/environment.ts.
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
      "Shorten the longest phase: a request holds its slot for as long as it runs.",
      "Raise ADMISSION_LIMIT (10) only if CPU and database have headroom; ADMISSION_WAIT_MS (250) is how long a request may wait for a slot.",
    ],
  },
  exhausted_pool: {
    title: "exhausted connection pool",
    actions: [
      "Find what holds connections: long transactions, or slow work between the queries of one.",
      "Raise DB_POOL_LIMIT (15) only if all replicas together stay below the database's max_connections.",
      "DB_POOL_WAIT_MS (500) is how long a request waits for a connection before it is refused.",
    ],
  },
  slow_queries: {
    title: "slow queries",
    actions: [
      "The log names slow queries (SLOW_QUERY_MS, 500 and above): add an index, read fewer rows, look for locks.",
      "DB_QUERY_TIMEOUT_MS (1500) bounds each query; lower it so that a slow one releases its slot sooner.",
    ],
  },
  memory: {
    title: "memory",
    actions: [
      "Raise the container's memory limit, or NODE_OPTIONS=--max-old-space-size for the heap.",
      "Find what grows: compare two heap snapshots taken under load.",
      "The service warns at MEMORY_WARN_PERCENT (80) and sheds low-priority requests at MEMORY_SHED_PERCENT (90).",
    ],
  },
  slow_auth: {
    title: "slow authentication",
    actions: [
      "Check how long the identity provider at JWT_JWKS_URL takes to return its keys.",
      "Make routes that need no caller public (PUBLIC_ROUTES): they skip authentication.",
    ],
  },
  slow_uploads: {
    title: "slow uploads",
    actions: [
      "Nothing in the service is slow: clients send their bodies slowly. Check their network, or send less.",
      "Let the proxy buffer request bodies (nginx does by default), so that only whole requests arrive here.",
    ],
  },
  slow_dependency: {
    title: "slow dependency",
    actions: [
      "Outbound spans in the traces name the slow dependency; if the client need not wait for it, call it after responding or from a queue.",
      "OUTBOUND_TIMEOUT_MS (1500) bounds each call; BREAKER_FAILURES (5) opens its breaker, for BREAKER_RESET_MS (60000).",
    ],
  },
  blocked_event_loop: {
    title: "blocked event loop",
    actions: [
      "Find the code with `node --cpu-prof`; move it to a worker thread or split it into smaller pieces.",
      "LOOP_DELAY_SHED_MS (200) is the event-loop delay above which low-priority requests are shed.",
    ],
  },
  database_outage: {
    title: "database outage",
    actions: [
      "Check the database server, and that MYSQL_URL points to it.",
      "DB_BREAKER_RESET_MS (1000) is how soon the service tries it again.",
    ],
  },
  nothing_wrong: { title: "nothing wrong", actions: [] },
  unknown: { title: "unknown cause", actions: [] },
};

// The known causes as a table: the first rule that holds is the verdict. A rule returns its evidence, or undefined.
// Order matters where one cause shows the signs of another: without a database the pool has no connections either, and anything
// that holds a slot makes other requests wait for one.
import type { Cause } from "./causes.ts";
import {
  affected,
  calmPhases,
  longest,
  type Measured,
  percent,
  rounded,
  shareOf,
  type Wait,
  waitsOf,
} from "./evidence.ts";
import { limits } from "./targets.ts";

interface Rule {
  cause: Cause;
  holds: (measured: Measured) => string | undefined;
}

/** A reason counts when at least this share of all requests has it: 1 %, as for timeouts. */
const minShare = limits.timeoutPercent / 100;
/** A database outage fails most requests; a busy process may miss a single response of its database. */
const outageShare = 0.1;
/** CPU use at which a process is saturated. */
const busyPercent = 90;
/** Only blocking code makes the loop this late; many requests alone do not. */
const blockedMs = 100;

export const rules: readonly Rule[] = [
  // First, because a process that only collects garbage does not hear its database either.
  { cause: "memory", holds: (measured) => (waitedFor(measured) === "process" ? memoryShort(measured) : undefined) },
  { cause: "database_outage", holds: databaseAway },
  { cause: "slow_dependency", holds: dependencyBreakerOpen },
  // By what the affected requests waited for.
  {
    cause: "blocked_event_loop",
    holds: (measured) => (waitedFor(measured) === "process" ? loopBlocked(measured) : undefined),
  },
  { cause: "slow_queries", holds: waited("query", "queries") },
  { cause: "slow_auth", holds: waited("auth", "authentication") },
  { cause: "slow_dependency", holds: waited("outbound", "outbound calls") },
  { cause: "slow_uploads", holds: waited("receive", "clients to send their bodies") },
  { cause: "exhausted_pool", holds: waited("pool", "a database connection") },
  // Waiting for a slot: other requests hold theirs too long, or there are too many.
  { cause: "slow_queries", holds: refusedFor("query_timeout") },
  { cause: "exhausted_pool", holds: refusedFor("pool_timeout") },
  { cause: "slow_dependency", holds: refusedFor("outbound_timeout", "dependency_failed") },
  { cause: "memory", holds: (measured) => (shareOf(measured, "shed") >= minShare ? memoryShort(measured) : undefined) },
  {
    cause: "blocked_event_loop",
    holds: (measured) => (shareOf(measured, "shed") >= minShare ? loopBlocked(measured) : undefined),
  },
  { cause: "overloaded_server", holds: waited("queue", "a slot") },
  { cause: "overloaded_server", holds: waited("process", "the process itself") },
  { cause: "overloaded_server", holds: refusedFor("queue_full", "queue_timeout", "shed") },
  // By what the service reported about itself.
  { cause: "database_outage", holds: databaseDown },
  { cause: "exhausted_pool", holds: poolFull },
  { cause: "memory", holds: memoryShort },
  { cause: "blocked_event_loop", holds: loopBlocked },
  { cause: "slow_queries", holds: queriesSlow },
];

/**
 * What the affected requests waited for longest. A wait for a slot or a connection is attributed to what makes others hold
 * theirs, when even on the idle service that takes longer than a whole request may.
 */
function waitedFor(measured: Measured): Wait | undefined {
  const slow = affected(measured);
  if (slow === undefined) return undefined;
  const first = longest(waitsOf(slow.phases));
  const calm = calmPhases(measured);
  if ((first !== "queue" && first !== "pool") || !calm) return first;
  const waits = waitsOf(calm);
  // A body is read before its request gets a slot, so it keeps no other request waiting.
  const holder = longest({ ...waits, receive: 0, queue: 0, pool: first === "pool" ? 0 : waits.pool });
  return waits[holder] >= limits.latencyMs ? holder : first;
}

function waited(wait: Wait, name: string): Rule["holds"] {
  return (measured) => (waitedFor(measured) === wait ? `Requests spend their time waiting for ${name}.` : undefined);
}

function refusedFor(...types: string[]): Rule["holds"] {
  return (measured) => {
    const all = shareOf(measured, ...types);
    return all >= minShare ? `${percent(all)} of all requests ended with ${types.join(" or ")}.` : undefined;
  };
}

function databaseAway(measured: Measured): string | undefined {
  const refused = shareOf(measured, "database_unavailable", "breaker_open");
  if (shareOf(measured, "database_unavailable") >= minShare && measured.samples.health === null) {
    return `${percent(refused)} of all requests were refused because the database was unavailable.`;
  }
  return refused >= outageShare ? databaseDown(measured) : undefined;
}

function databaseDown({ samples: { health } }: Measured): string | undefined {
  if (health === null || health.database === null) return undefined;
  const { down } = health.database;
  const often = down >= health.samples / 5;
  return often ? `The database was down in ${down} of ${health.samples} samples of /health.` : undefined;
}

function dependencyBreakerOpen(measured: Measured): string | undefined {
  const open = measured.samples.health?.outboundOpenMax ?? 0;
  const refused = shareOf(measured, "breaker_open");
  if (open === 0 || refused < minShare) return undefined;
  return `${open} outbound breaker(s) were open; ${percent(refused)} of all requests ended with breaker_open.`;
}

function memoryShort({ samples: { health } }: Measured): string | undefined {
  const most = health?.memoryPercentMax ?? 0;
  return most >= limits.memoryPercent ? `Memory was at ${rounded(most)} % of its limit.` : undefined;
}

/**
 * The loop counts as blocked when it is late even on the idle service, or while the CPU has time left: otherwise it is just busy.
 * When the generator is late too, the machine has no free core, and delays prove nothing.
 */
function loopBlocked(measured: Measured): string | undefined {
  const { load, samples } = measured;
  const { health, metrics } = samples;
  const calmMean = calmPhases(measured);
  const calmMs = calmMean ? waitsOf(calmMean).process : 0;
  // A mean, because a loop that is blocked part of the time delays only some requests.
  if (calmMs >= blockedMs / 2)
    return `Even on the idle service, requests waited ${rounded(calmMs)} ms for the process itself.`;
  const delayMs = Math.max(metrics?.loopDelayP99MaxMs ?? 0, health?.answerP95Ms ?? 0);
  const busy = (health?.cpuPercentMax ?? 0) >= busyPercent;
  const starved = (load.generator.late?.p99Ms ?? 0) >= blockedMs / 2;
  if (delayMs < blockedMs || busy || starved) return undefined;
  return `The event loop was ${rounded(delayMs)} ms late although the CPU was not busy (${rounded(health?.cpuPercentMax ?? 0)} %).`;
}

function poolFull({ samples: { health } }: Measured): string | undefined {
  if (health === null || health.database === null) return undefined;
  const { poolFull: full, waitingMax, poolLimit } = health.database;
  if (full < health.samples / 2 || waitingMax === 0) return undefined;
  return `All ${poolLimit} connections were in use in ${full} of ${health.samples} samples, and up to ${waitingMax} requests waited.`;
}

function queriesSlow({ targets }: Measured): string | undefined {
  const queries = targets.find(({ id }) => id === "queries");
  return queries?.met === false ? `p95 of the queries is ${rounded(queries.measured ?? 0)} ms.` : undefined;
}

// The causes that are known, as a table: the first whose rule holds is the verdict. Each rule gives its evidence, or undefined.
// Order matters where one cause makes the signs of another: without a database the pool has no connection either, and whatever
// holds a request's place makes the others wait for theirs.
import type { Cause } from "./causes.ts";
import {
  calmPhases,
  longest,
  type Measured,
  percent,
  rounded,
  shareOf,
  suffering,
  type Wait,
  waitsOf,
} from "./evidence.ts";
import { limits } from "./targets.ts";

interface Rule {
  cause: Cause;
  holds: (measured: Measured) => string | undefined;
}

/** From so large a share of all requests on, a reason is one: 1 %, as for timeouts. */
const share = limits.timeoutPercent / 100;
/** A database that is away takes most requests with it; a busy process may miss a single answer of its database. */
const outage = 0.1;
/** Processor time from which on a process can do no more. */
const busyPercent = 90;
/** A loop that is so late at times was blocked: requests that merely are many do not do that. */
const blockedMs = 100;

export const rules: readonly Rule[] = [
  // First: a process that does nothing but collect garbage does not hear its database either.
  { cause: "memory", holds: (measured) => (waitedFor(measured) === "process" ? memoryShort(measured) : undefined) },
  { cause: "database_outage", holds: databaseAway },
  { cause: "slow_dependency", holds: dependencyLeftAlone },
  // By what the requests that suffered waited for.
  {
    cause: "blocked_event_loop",
    holds: (measured) => (waitedFor(measured) === "process" ? loopBlocked(measured) : undefined),
  },
  { cause: "slow_queries", holds: waited("query", "query") },
  { cause: "slow_auth", holds: waited("auth", "auth") },
  { cause: "slow_dependency", holds: waited("outbound", "outbound") },
  { cause: "slow_uploads", holds: waited("receive", "their bodies, from the clients") },
  { cause: "exhausted_pool", holds: waited("pool", "pool") },
  // Waiting for a turn: because the others hold their places for too long, or because they are too many.
  { cause: "slow_queries", holds: refusedFor("query_timeout") },
  { cause: "exhausted_pool", holds: refusedFor("pool_timeout") },
  { cause: "slow_dependency", holds: refusedFor("outbound_timeout", "dependency_failed") },
  { cause: "memory", holds: (measured) => (shareOf(measured, "shed") >= share ? memoryShort(measured) : undefined) },
  {
    cause: "blocked_event_loop",
    holds: (measured) => (shareOf(measured, "shed") >= share ? loopBlocked(measured) : undefined),
  },
  { cause: "overloaded_server", holds: waited("queue", "a turn") },
  { cause: "overloaded_server", holds: waited("process", "the process itself") },
  { cause: "overloaded_server", holds: refusedFor("queue_full", "queue_timeout", "shed") },
  // By what the service said of itself.
  { cause: "database_outage", holds: databaseDown },
  { cause: "exhausted_pool", holds: poolFull },
  { cause: "memory", holds: memoryShort },
  { cause: "blocked_event_loop", holds: loopBlocked },
  { cause: "slow_queries", holds: queriesSlow },
];

/**
 * What suffering requests waited for longest. A wait for a turn, or for a connection, is put down to what keeps the others from
 * leaving theirs, when that takes longer than a whole request may even when calm.
 */
function waitedFor(measured: Measured): Wait | undefined {
  const suffered = suffering(measured);
  if (suffered === undefined) return undefined;
  const first = longest(waitsOf(suffered.phases));
  const calm = calmPhases(measured);
  if ((first !== "queue" && first !== "pool") || !calm) return first;
  const waits = waitsOf(calm);
  // A body is read before its request has a slot: it keeps nobody waiting.
  const holder = longest({ ...waits, receive: 0, queue: 0, pool: first === "pool" ? 0 : waits.pool });
  return waits[holder] >= limits.latencyMs ? holder : first;
}

function waited(wait: Wait, name: string): Rule["holds"] {
  return (measured) => (waitedFor(measured) === wait ? `Requests spend their time waiting for: ${name}.` : undefined);
}

function refusedFor(...types: string[]): Rule["holds"] {
  return (measured) => {
    const all = shareOf(measured, ...types);
    return all >= share ? `${percent(all)} of all requests ended with ${types.join(" or ")}.` : undefined;
  };
}

function databaseAway(measured: Measured): string | undefined {
  const refused = shareOf(measured, "database_unavailable", "breaker_open");
  if (shareOf(measured, "database_unavailable") >= share && measured.samples.health === null) {
    return `${percent(refused)} of all requests were refused for want of the database.`;
  }
  return refused >= outage ? databaseDown(measured) : undefined;
}

function databaseDown({ samples: { health } }: Measured): string | undefined {
  if (health === null || health.database === null) return undefined;
  const { down } = health.database;
  const often = down >= health.samples / 5;
  return often ? `The database was down in ${down} of ${health.samples} samples of /health.` : undefined;
}

function dependencyLeftAlone(measured: Measured): string | undefined {
  const open = measured.samples.health?.outboundOpenMax ?? 0;
  const refused = shareOf(measured, "breaker_open");
  if (open === 0 || refused < share) return undefined;
  return `${open} breaker(s) of outbound calls were open, ${percent(refused)} of all requests ended with breaker_open.`;
}

function memoryShort({ samples: { health } }: Measured): string | undefined {
  const most = health?.memoryPercentMax ?? 0;
  return most >= limits.memoryPercent ? `Memory was at ${rounded(most)} % of its limit.` : undefined;
}

/**
 * When calm too, or with processor time left: else it is just much work. When the generator is late as well, the machine has no
 * core free, and nothing can be told from delays.
 */
function loopBlocked(measured: Measured): string | undefined {
  const { load, samples } = measured;
  const { health, metrics } = samples;
  const calmMean = calmPhases(measured);
  const calmMs = calmMean ? waitsOf(calmMean).process : 0;
  // A mean: of a loop that stands still for a part of the time, only some requests know.
  if (calmMs >= blockedMs / 2) return `Even when calm, requests waited ${rounded(calmMs)} ms for the process itself.`;
  const delayMs = Math.max(metrics?.loopDelayP99MaxMs ?? 0, health?.answerP95Ms ?? 0);
  const busy = (health?.cpuPercentMax ?? 0) >= busyPercent;
  const starved = (load.generator.late?.p99Ms ?? 0) >= blockedMs / 2;
  if (delayMs < blockedMs || busy || starved) return undefined;
  return `The event loop was ${rounded(delayMs)} ms late while the processor was not busy (${rounded(health?.cpuPercentMax ?? 0)} %).`;
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

import assert from "node:assert/strict";
import type { Cause } from "../../../scripts/timeouts/verdict/causes.ts";
import type { Measured } from "../../../scripts/timeouts/verdict/evidence.ts";
import { verdictOf } from "../../../scripts/timeouts/verdict/verdict.ts";
import { calm, endpoint, health, load, measured, times } from "./figures.ts";

const late = { p50Ms: 150, p95Ms: 900, p99Ms: 1400, maxMs: 2000 };
const phases = (slowest: Parameters<typeof times>[0], timedOut?: Parameters<typeof times>[0]) => ({
  mean: times({ query: 4, own: 1 }),
  slowest: times(slowest),
  timedOut: timedOut ? times(timedOut) : null,
});
const noPhases = { mean: null, slowest: null, timedOut: null };
const metrics = { loopDelayP99MaxMs: 12, queryP95Ms: 10 };

/** Measurements, the expected cause, and a pattern that its evidence or actions must match. */
const table: readonly (readonly [name: string, Measured, Cause, RegExp])[] = [
  ["all targets are met", measured(load({ phases: phases({ query: 9 }) })), "nothing_wrong", /targets/],
  ["nothing was sent", measured(load({ sent: 0, latency: null })), "unknown", /Nothing/],
  // By what the affected requests waited for.
  [
    "the queue is full of quick requests",
    measured(
      load({
        latency: late,
        timedOutBy: { queue_timeout: 300 },
        phases: phases({ queue: 240, own: 5 }, { queue: 250 }),
      }),
    ),
    "overloaded_server",
    /ADMISSION_LIMIT/,
  ],
  [
    "the queue is full because queries hold the slots",
    measured(
      load({ latency: late, timedOutBy: { queue_timeout: 300 }, phases: phases({ query: 1200 }, { queue: 250 }) }),
      {},
      calm({ query: 900, own: 1 }),
    ),
    "slow_queries",
    /query 900 ms/,
  ],
  [
    "the queue is full because outbound calls hold the slots",
    measured(load({ latency: late, phases: phases({ queue: 240 }) }), {}, calm({ outbound: 1200, own: 1 })),
    "slow_dependency",
    /OUTBOUND_TIMEOUT_MS/,
  ],
  [
    "the queue is full because queries began to hang",
    measured(
      load({
        latency: late,
        timedOutBy: { query_timeout: 20, queue_timeout: 500 },
        phases: phases({ queue: 250 }, { queue: 240 }),
      }),
    ),
    "slow_queries",
    /query_timeout/,
  ],
  [
    "the slowest 1 % wait for queries",
    measured(load({ latency: late, phases: phases({ query: 700 }) })),
    "slow_queries",
    /SLOW_QUERY_MS/,
  ],
  [
    "requests wait for a connection",
    measured(load({ latency: late, phases: phases({ pool: 500, query: 3 }) })),
    "exhausted_pool",
    /DB_POOL_LIMIT/,
  ],
  [
    "requests wait for a connection because slow queries hold them",
    measured(load({ latency: late, phases: phases({ pool: 500 }) }), {}, calm({ query: 1000, pool: 1 })),
    "slow_queries",
    /Average of the idle service/,
  ],
  [
    "something else holds the connections, even on the idle service",
    measured(
      load({ timedOutBy: { pool_timeout: 900 }, phases: phases({ pool: 500 }, { pool: 500 }) }),
      {},
      calm({ pool: 500 }),
    ),
    "exhausted_pool",
    /pool_timeout ×900/,
  ],
  [
    "requests wait for authentication",
    measured(load({ latency: late, phases: phases({ auth: 800 }) })),
    "slow_auth",
    /JWT_JWKS_URL/,
  ],
  [
    "requests wait for their clients to send a body",
    measured(load({ latency: late, phases: phases({ receive: 900, own: 1 }) })),
    "slow_uploads",
    /receive 900 ms[\s\S]*Nothing in the service is slow/,
  ],
  [
    "requests wait for a slot, and slow uploads hold none",
    measured(load({ latency: late, phases: phases({ queue: 240 }) }), {}, calm({ receive: 900, own: 1 })),
    "overloaded_server",
    /waiting for a slot/,
  ],
  [
    "requests wait for an outbound call",
    measured(load({ latency: late, phases: phases({ outbound: 1300 }) })),
    "slow_dependency",
    /outbound 1300 ms/,
  ],
  [
    "the loop was blocked",
    measured(load({ latency: late, phases: phases({ loop: 300, outside: 300 }) }), {
      metrics: { ...metrics, loopDelayP99MaxMs: 400 },
    }),
    "blocked_event_loop",
    /400 ms late/,
  ],
  [
    "the service's own code runs for long, even on the idle service",
    measured(
      load({ latency: late, phases: phases({ own: 400 }) }),
      { health: health({ cpuPercentMax: 100 }) },
      calm({ own: 200 }),
    ),
    "blocked_event_loop",
    /Even on the idle service/,
  ],
  [
    "the CPU is busy",
    measured(load({ latency: late, phases: phases({ outside: 900 }) }), {
      health: health({ cpuPercentMax: 101, answerP95Ms: 400 }),
    }),
    "overloaded_server",
    /the process itself/,
  ],
  [
    "the machine has no free core, not even for the generator",
    measured(
      load(
        { latency: late, phases: phases({ outside: 900 }) },
        {
          generator: {
            late: { p50Ms: 1, p95Ms: 60, p99Ms: 90, maxMs: 100 },
            inFlightMax: 1,
            heldBack: 0,
            unfinished: 0,
          },
        },
      ),
      { health: health({ answerP95Ms: 400 }) },
    ),
    "overloaded_server",
    /replicas/,
  ],
  [
    "garbage collection stops the process",
    measured(load({ latency: late, phases: phases({ loop: 400 }) }), {
      health: health({ memoryPercentMax: 96, answerP95Ms: 300 }),
    }),
    "memory",
    /96 %/,
  ],
  // An outage shows other signs too, so it comes first.
  [
    "the database is down by most health samples",
    measured(
      load({
        refusedBy: { database_unavailable: 10, breaker_open: 800 },
        latency: late,
        phases: phases({ pool: 500, query: 20 }),
      }),
      { health: health({}, { down: 38, breakerOpen: 30 }) },
    ),
    "database_outage",
    /38 of 40/,
  ],
  [
    "slow queries opened the database's breaker, but it is up",
    measured(
      load({
        refusedBy: { breaker_open: 300 },
        timedOutBy: { query_timeout: 90 },
        phases: phases({ query: 1500 }, { query: 1500 }),
      }),
      { health: health({}, { breakerOpen: 20 }) },
    ),
    "slow_queries",
    /query_timeout ×90/,
  ],
  [
    "an outbound breaker is open",
    measured(load({ refusedBy: { breaker_open: 500 }, phases: phases({ own: 2 }) }), {
      health: health({ outboundOpenMax: 1 }),
    }),
    "slow_dependency",
    /BREAKER_FAILURES/,
  ],
  // Without phases, by the problems' types.
  [
    "queries time out, without phases",
    measured(load({ timedOutBy: { query_timeout: 50 }, phases: noPhases })),
    "slow_queries",
    /5 %/,
  ],
  [
    "no connection is free, without phases",
    measured(load({ timedOutBy: { pool_timeout: 50 } })),
    "exhausted_pool",
    /5 %/,
  ],
  [
    "outbound calls fail, without phases",
    measured(load({ refusedBy: { dependency_failed: 50 } })),
    "slow_dependency",
    /5 %/,
  ],
  [
    "the queue is full, without phases",
    measured(load({ refusedBy: { queue_full: 500 } }), { health: null }, null),
    "overloaded_server",
    /queue_full/,
  ],
  [
    "the database is unavailable, without phases and /health",
    measured(load({ refusedBy: { database_unavailable: 500 } }), { health: null }),
    "database_outage",
    /50 %/,
  ],
  [
    "it sheds because of memory",
    measured(load({ refusedBy: { shed: 50 } }), { health: health({ memoryPercentMax: 91 }) }),
    "memory",
    /91 %/,
  ],
  [
    "it sheds because of its event loop",
    measured(load({ refusedBy: { shed: 50 } }), { health: health({ answerP95Ms: 250 }) }),
    "blocked_event_loop",
    /250 ms/,
  ],
  // By what the service reports about itself.
  [
    "the pool is full",
    measured(load({ latency: late }), { health: health({}, { poolFull: 30, waitingMax: 7 }) }),
    "exhausted_pool",
    /All 15/,
  ],
  [
    "the database is down",
    measured(load({ latency: late }), { health: health({}, { down: 20 }) }),
    "database_outage",
    /20 of 40/,
  ],
  [
    "queries are slow",
    measured(load({ latency: late }), { metrics: { ...metrics, queryP95Ms: 300 } }),
    "slow_queries",
    /300 ms/,
  ],
  [
    "memory is short and nothing else is wrong",
    measured(load(), { health: health({ memoryPercentMax: 85 }) }),
    "memory",
    /85 %/,
  ],
  [
    "the event loop is late and nothing else is wrong",
    measured(load({ latency: late }), { health: health({ answerP95Ms: 300 }) }),
    "blocked_event_loop",
    /300 ms late/,
  ],
  // Not a fault of the service, or unknown.
  [
    "the rate limit refuses requests",
    measured(load({ refusedBy: { rate_limited: 700 } })),
    "nothing_wrong",
    /RATE_LIMIT_EXEMPT/,
  ],
  [
    "credentials are missing",
    measured(load({ errorsBy: { unauthenticated: 1000 }, latency: null })),
    "unknown",
    /--token/,
  ],
  ["requests fail", measured(load({ errorsBy: { internal: 100 } })), "unknown", /log/],
  [
    "a service without phases and /health is slow",
    measured(load({ latency: late }), { health: null }, null),
    "unknown",
    /no phases/,
  ],
  [
    "a service without phases and /health meets its targets",
    measured(load(), { health: null }, null),
    "nothing_wrong",
    /targets/,
  ],
];

describe("the verdict", () => {
  for (const [name, what, cause, pattern] of table) {
    it(`is ${cause} when ${name}`, () => {
      const verdict = verdictOf(what);
      assert.equal(verdict.cause, cause, verdict.evidence.join(" "));
      assert.match([...verdict.evidence, ...verdict.actions].join("\n"), pattern);
    });
  }

  it("has at least one case per cause", () => {
    assert.equal(new Set(table.map(([, , cause]) => cause)).size, 11);
  });

  it("compares with the slowest endpoint of the idle service, not with the mean", () => {
    const before = calm({ query: 5 });
    const slow = endpoint({ phases: { mean: times({ query: 400 }), slowest: null, timedOut: null } });
    const queued = load({ latency: late, phases: phases({ queue: 240 }) });
    assert.equal(verdictOf(measured(queued, {}, before)).cause, "overloaded_server");
    before.endpoints.push(slow);
    assert.equal(verdictOf(measured(queued, {}, before)).cause, "slow_queries");
  });

  it("reports one slow endpoint even when most are fast", () => {
    const slow = endpoint({ latency: late, phases: phases({ outbound: 1200 }) });
    const one = load({ phases: phases({ outbound: 1200 }) }, { endpoints: [endpoint(), endpoint(), slow] });
    const what = measured(one);
    assert.ok(what.targets.every(({ met }) => met !== false));
    assert.equal(verdictOf(what).cause, "slow_dependency");
  });
});

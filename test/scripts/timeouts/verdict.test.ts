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

/** What was measured, and what it must be called; the pattern is of the evidence or the actions. */
const table: readonly (readonly [name: string, Measured, Cause, RegExp])[] = [
  ["all is well", measured(load({ phases: phases({ query: 9 }) })), "nothing_wrong", /targets/],
  ["nothing was sent", measured(load({ sent: 0, latency: null })), "unknown", /Nothing/],
  // By what the requests that suffered waited for.
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
    "the queue is full because queries hold the places",
    measured(
      load({ latency: late, timedOutBy: { queue_timeout: 300 }, phases: phases({ query: 1200 }, { queue: 250 }) }),
      {},
      calm({ query: 900, own: 1 }),
    ),
    "slow_queries",
    /query 900 ms/,
  ],
  [
    "the queue is full because calls hold the places",
    measured(load({ latency: late, phases: phases({ queue: 240 }) }), {}, calm({ outbound: 1200, own: 1 })),
    "slow_dependency",
    /OUTBOUND_TIMEOUT_MS/,
  ],
  [
    "the queue is full since queries hang, which they did not before",
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
    "they wait for a connection",
    measured(load({ latency: late, phases: phases({ pool: 500, query: 3 }) })),
    "exhausted_pool",
    /DB_POOL_LIMIT/,
  ],
  [
    "they wait for a connection, as slow queries hold them",
    measured(load({ latency: late, phases: phases({ pool: 500 }) }), {}, calm({ query: 1000, pool: 1 })),
    "slow_queries",
    /When calm/,
  ],
  [
    "connections are held by something else, even when calm",
    measured(
      load({ timedOutBy: { pool_timeout: 900 }, phases: phases({ pool: 500 }, { pool: 500 }) }),
      {},
      calm({ pool: 500 }),
    ),
    "exhausted_pool",
    /pool_timeout ×900/,
  ],
  [
    "they wait for authentication",
    measured(load({ latency: late, phases: phases({ auth: 800 }) })),
    "slow_auth",
    /JWT_JWKS_URL/,
  ],
  [
    "they wait for their clients to send a body",
    measured(load({ latency: late, phases: phases({ receive: 900, own: 1 }) })),
    "slow_uploads",
    /receive 900 ms[\s\S]*Nothing in the service is slow/,
  ],
  [
    "slow uploads of some keep nobody from a slot",
    measured(load({ latency: late, phases: phases({ queue: 240 }) }), {}, calm({ receive: 900, own: 1 })),
    "overloaded_server",
    /waiting for: a turn/,
  ],
  [
    "they wait for a call",
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
    "their own code runs for long, even when calm",
    measured(
      load({ latency: late, phases: phases({ own: 400 }) }),
      { health: health({ cpuPercentMax: 100 }) },
      calm({ own: 200 }),
    ),
    "blocked_event_loop",
    /Even when calm/,
  ],
  [
    "the processor is busy",
    measured(load({ latency: late, phases: phases({ outside: 900 }) }), {
      health: health({ cpuPercentMax: 101, answerP95Ms: 400 }),
    }),
    "overloaded_server",
    /the process itself/,
  ],
  [
    "the machine has no core free, for the generator neither",
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
    "garbage collection stops it",
    measured(load({ latency: late, phases: phases({ loop: 400 }) }), {
      health: health({ memoryPercentMax: 96, answerP95Ms: 300 }),
    }),
    "memory",
    /96 %/,
  ],
  // An outage makes other signs too: it comes first.
  [
    "the database is away",
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
    "its breaker opened for slow queries: it is not away",
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
    "a call's breaker is open",
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
    "connections are not to be had, without phases",
    measured(load({ timedOutBy: { pool_timeout: 50 } })),
    "exhausted_pool",
    /5 %/,
  ],
  ["calls fail, without phases", measured(load({ refusedBy: { dependency_failed: 50 } })), "slow_dependency", /5 %/],
  [
    "too many, without phases",
    measured(load({ refusedBy: { queue_full: 500 } }), { health: null }, null),
    "overloaded_server",
    /queue_full/,
  ],
  [
    "no database, without phases and /health",
    measured(load({ refusedBy: { database_unavailable: 500 } }), { health: null }),
    "database_outage",
    /50 %/,
  ],
  [
    "it sheds for memory",
    measured(load({ refusedBy: { shed: 50 } }), { health: health({ memoryPercentMax: 91 }) }),
    "memory",
    /91 %/,
  ],
  [
    "it sheds for its loop",
    measured(load({ refusedBy: { shed: 50 } }), { health: health({ answerP95Ms: 250 }) }),
    "blocked_event_loop",
    /250 ms/,
  ],
  // By what it says of itself.
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
  ["memory is short, no more", measured(load(), { health: health({ memoryPercentMax: 85 }) }), "memory", /85 %/],
  [
    "the loop is late, no more",
    measured(load({ latency: late }), { health: health({ answerP95Ms: 300 }) }),
    "blocked_event_loop",
    /300 ms late/,
  ],
  // What is no cause.
  [
    "the rate limit does its work",
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
  ["it fails", measured(load({ errorsBy: { internal: 100 } })), "unknown", /log/],
  ["another service is slow", measured(load({ latency: late }), { health: null }, null), "unknown", /no phases/],
  ["another service is well", measured(load(), { health: null }, null), "nothing_wrong", /targets/],
];

describe("the verdict", () => {
  for (const [name, what, cause, says] of table) {
    it(`is ${cause} when ${name}`, () => {
      const verdict = verdictOf(what);
      assert.equal(verdict.cause, cause, verdict.evidence.join(" "));
      assert.match([...verdict.evidence, ...verdict.actions].join("\n"), says);
    });
  }

  it("knows all of its causes by at least one case", () => {
    assert.equal(new Set(table.map(([, , cause]) => cause)).size, 11);
  });

  it("compares with the endpoint that takes longest when calm, not with the mean of quick ones", () => {
    const before = calm({ query: 5 });
    const slow = endpoint({ phases: { mean: times({ query: 400 }), slowest: null, timedOut: null } });
    const queued = load({ latency: late, phases: phases({ queue: 240 }) });
    assert.equal(verdictOf(measured(queued, {}, before)).cause, "overloaded_server");
    before.endpoints.push(slow);
    assert.equal(verdictOf(measured(queued, {}, before)).cause, "slow_queries");
  });

  it("looks at each endpoint: one slow one among good ones is trouble, though most are fast", () => {
    const slow = endpoint({ latency: late, phases: phases({ outbound: 1200 }) });
    const one = load({ phases: phases({ outbound: 1200 }) }, { endpoints: [endpoint(), endpoint(), slow] });
    const what = measured(one);
    assert.ok(what.targets.every(({ met }) => met !== false));
    assert.equal(verdictOf(what).cause, "slow_dependency");
  });
});

import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { context, metrics, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { DataPointType, MeterProvider } from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import Koa from "koa";
import { pino } from "pino";
import { Breaker, type BreakerOptions } from "../../../src/platform/breaker/breaker.ts";
import { problemDetails } from "../../../src/platform/http/problem-details.ts";
import { requestContext } from "../../../src/platform/http/request-context.ts";
import type { RequestState } from "../../../src/platform/http/types.ts";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { Problem, type ProblemType } from "../../../src/platform/request/problem.ts";
import { currentDeadline } from "../../../src/platform/request/scope.ts";
import { OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { eventually, type LogLine, silent } from "../../support/helper.ts";
import { BreakerModel, type Outcome } from "./breaker-model.ts";

const failing: ProblemType[] = ["outbound_timeout", "dependency_failed", "query_timeout", "database_unavailable"];
const harmless: ProblemType[] = [
  ...(["queue_full", "queue_timeout", "shed", "rate_limited", "client_closed", "pool_timeout"] as const),
  ...(["deadline_exceeded", "breaker_open", "invalid_request", "not_found", "unauthenticated", "internal"] as const),
];
const down = () => Promise.reject(new Problem("database_unavailable"));
const up = async () => "up";
const refused = { name: "Problem", type: "breaker_open" };

const open: Breaker[] = [];
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

/** A breaker with its own clock that opens for 10 s after 3 failures and times out a trial after 1 s. */
function setUp(changes: Partial<BreakerOptions> = {}) {
  let nowMs = 0;
  const log: LogLine[] = [];
  const logger = pino(
    { level: "debug", formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => log.push(JSON.parse(line)) },
  );
  metrics.disable();
  const reader = new OnDemandReader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const rules = { name: "shop", failures: 3, resetMs: 10_000, probeTimeoutMs: 1000, now: () => nowMs };
  const breaker = new Breaker({ ...rules, ...changes }, logger);
  open.push(breaker);
  return {
    breaker,
    log,
    async pass(ms: number) {
      nowMs += ms;
      mock.timers.tick(ms);
      await setImmediate();
    },
    async fail(times = 3) {
      for (let time = 0; time < times; time++) await breaker.run(down).catch(() => {});
    },
    /** The values of a metric of this breaker, by outcome ("" for the state). */
    async metric(name: string) {
      const { resourceMetrics } = await reader.collect();
      const points = resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .flatMap((data) =>
          data.descriptor.name === name &&
          (data.dataPointType === DataPointType.SUM || data.dataPointType === DataPointType.GAUGE)
            ? data.dataPoints
            : [],
        );
      const ofBreaker = points.filter(({ attributes }) => attributes.breaker === "shop");
      return Object.fromEntries(ofBreaker.map(({ attributes, value }) => [attributes.outcome ?? "", value]));
    },
  };
}

/** Starts a call that the test settles. */
function call(breaker: Breaker) {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let started = false;
  const outcome = breaker.run(() => {
    started = true;
    return promise;
  });
  outcome.catch(() => {});
  return { outcome, resolve, reject, started };
}

describe("Breaker", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => {
    for (const breaker of open.splice(0)) breaker.close();
    mock.timers.reset();
  });
  after(() => metrics.disable());

  it("passes on the result or the error of the work", async () => {
    const { breaker } = setUp();
    assert.equal(await breaker.run(up), "up");
    const error = new Error("mine");
    await assert.rejects(
      breaker.run(() => Promise.reject(error)),
      (got) => got === error,
    );
  });

  it("opens after consecutive failures and then refuses calls", async () => {
    const { breaker, fail } = setUp();
    await fail(2);
    assert.equal(breaker.state, "closed");
    await fail(1);
    assert.equal(breaker.state, "open");
    const { outcome, started } = call(breaker);
    await assert.rejects(outcome, refused);
    assert.equal(started, false);
  });

  it("resets the failure count on success", async () => {
    const { breaker, fail } = setUp();
    for (let round = 0; round < 50; round++) {
      await fail(2);
      await breaker.run(up);
    }
    assert.equal(breaker.state, "closed");
  });

  it("sets Retry-After to the time until half-open, at least one second", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    const retryAfterS = () => breaker.run(up).catch((error) => error.options.retryAfterS);
    assert.equal(await retryAfterS(), 10);
    await pass(7001);
    assert.equal(await retryAfterS(), 3);
    await pass(2998);
    assert.equal(await retryAfterS(), 1);
    await pass(1);
    call(breaker);
    assert.equal(await retryAfterS(), 1);
  });

  it("refuses with the problem breaker_open", async () => {
    const { breaker, fail } = setUp();
    await fail();
    const incoming = new IncomingMessage(new Socket());
    const ctx = new Koa<RequestState>().createContext<RequestState>(incoming, new ServerResponse(incoming));
    await problemDetails(silent)(ctx, async () => {
      await breaker.run(up);
    });
    assert.equal(ctx.status, 503);
    assert.equal(ctx.response.get("Retry-After"), "10");
    assert.equal(Reflect.get(Object(ctx.body), "type"), "breaker_open");
    assert.equal(Reflect.get(Object(ctx.body), "title"), "A service this depends on is known to be down");
  });

  it("lets one of 1,000 concurrent calls through after the reset time", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    await pass(9999);
    assert.equal(breaker.state, "open");
    await pass(1);
    assert.equal(breaker.state, "half-open");
    const calls = Array.from({ length: 1000 }, () => call(breaker));
    assert.equal(calls.filter(({ started }) => started).length, 1);
    for (const { outcome } of calls.slice(1)) await assert.rejects(outcome, refused);
    calls[0]?.resolve("up");
    assert.equal(await calls[0]?.outcome, "up");
    assert.equal(breaker.state, "closed");
    await fail(2);
    assert.equal(breaker.state, "closed", "the failure count is reset");
  });

  it("opens again for the reset time when the trial fails", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    await pass(10_000);
    await fail(1);
    assert.equal(breaker.state, "open");
    await pass(9999);
    assert.equal(breaker.state, "open");
    await pass(1);
    assert.equal(breaker.state, "half-open");
  });

  it("opens again when the trial hangs, while the call continues", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    await pass(10_000);
    const trial = call(breaker);
    await pass(999);
    assert.equal(breaker.state, "half-open");
    await pass(1);
    assert.equal(breaker.state, "open");
    await pass(10_000);
    assert.equal(breaker.state, "half-open");
    trial.resolve("late");
    assert.equal(await trial.outcome, "late");
    assert.equal(breaker.state, "half-open");
    await breaker.run(up);
    assert.equal(breaker.state, "closed");
  });

  it("clears the timeout of a trial that has ended", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    await pass(10_000);
    await breaker.run(up);
    await pass(60_000);
    assert.equal(breaker.state, "closed");
  });

  it("ignores the outcome of calls that started before it last opened", async () => {
    const { breaker, fail, pass } = setUp();
    const [good, bad, worse, other] = Array.from({ length: 4 }, () => call(breaker));
    await fail();
    await pass(10_000);
    good?.resolve("late");
    bad?.reject(new Problem("dependency_failed"));
    other?.reject(new Problem("client_closed"));
    await setImmediate();
    assert.equal(breaker.state, "half-open");
    const trial = call(breaker);
    assert.ok(trial.started);
    trial.resolve("up");
    await trial.outcome;
    await fail(2);
    worse?.reject(new Problem("dependency_failed"));
    await setImmediate();
    assert.equal(breaker.state, "closed");
  });

  it("does not reset the failure count on a late success", async () => {
    const { breaker, fail, pass } = setUp();
    const late = call(breaker);
    await fail();
    await pass(10_000);
    await breaker.run(up);
    await fail(2);
    late.resolve("late");
    await late.outcome;
    await fail(1);
    assert.equal(breaker.state, "open");
  });

  it("counts errors that mean the dependency is down, not refusals, aborts or bugs", async () => {
    for (const type of failing) {
      const { breaker } = setUp({ failures: 1 });
      await assert.rejects(breaker.run(() => Promise.reject(new Problem(type))));
      assert.equal(breaker.state, "open", type);
    }
    const { breaker, fail } = setUp();
    await fail(2);
    for (const error of [...harmless.map((type) => new Problem(type)), new Error("ER_DUP_ENTRY"), "a text"]) {
      await assert.rejects(breaker.run(() => Promise.reject(error)));
    }
    assert.equal(breaker.state, "closed");
    await fail(1);
    assert.equal(breaker.state, "open", "none of them resets the count");
  });

  it("uses a custom isFailure", async () => {
    const { breaker, fail } = setUp({ failures: 1, isFailure: (error) => error === "down" });
    await fail(5);
    assert.equal(breaker.state, "closed");
    await assert.rejects(breaker.run(() => Promise.reject("down")));
    assert.equal(breaker.state, "open");
  });

  it("tries the next call when the trial was inconclusive", async () => {
    const { breaker, fail, pass } = setUp();
    await fail();
    await pass(10_000);
    const aborted = call(breaker);
    aborted.reject(new Problem("client_closed"));
    await setImmediate();
    assert.equal(breaker.state, "half-open");
    await pass(900);
    const trial = call(breaker);
    assert.ok(trial.started);
    await pass(900);
    assert.equal(breaker.state, "half-open", "the second trial has its own timeout");
    trial.resolve("up");
    await trial.outcome;
    assert.equal(breaker.state, "closed");
  });

  it("accepts work that throws synchronously or returns no promise", async () => {
    const { breaker } = setUp({ failures: 1 });
    assert.equal(await breaker.run(Reflect.get(Object({ nothing: () => {} }), "nothing")), undefined);
    const thrown = breaker.run((): Promise<never> => {
      throw new Problem("dependency_failed");
    });
    await assert.rejects(thrown, { type: "dependency_failed" });
    assert.equal(breaker.state, "open");
  });

  describe("with a probe", () => {
    let probes: PromiseWithResolvers<unknown>[];
    const probe = () => {
      const deferred = Promise.withResolvers<unknown>();
      probes.push(deferred);
      return deferred.promise;
    };
    beforeEach(() => {
      probes = [];
    });

    it("probes after the reset time and refuses all calls until the probe succeeds", async () => {
      const { breaker, fail, pass } = setUp({ probe });
      await fail();
      await pass(9999);
      assert.equal(probes.length, 0);
      await pass(1);
      assert.equal(probes.length, 1);
      assert.equal(breaker.state, "half-open");
      await assert.rejects(breaker.run(up), refused);
      probes[0]?.resolve("pong");
      await setImmediate();
      assert.equal(breaker.state, "closed");
      assert.equal(await breaker.run(up), "up");
    });

    it("opens again when the probe fails with any error, throws or hangs", async () => {
      let first = true;
      const { breaker, fail, pass } = setUp({
        probe: () => {
          if (!first) return probe();
          first = false;
          throw new Error("at once");
        },
      });
      await fail();
      await pass(10_000);
      assert.equal(breaker.state, "open");
      await pass(10_000);
      probes[0]?.reject(new Problem("pool_timeout"));
      await setImmediate();
      assert.equal(breaker.state, "open");
      await pass(10_000);
      assert.equal(breaker.state, "half-open");
      await pass(1000);
      assert.equal(breaker.state, "open");
      await pass(10_000);
      assert.equal(probes.length, 3);
      probes[1]?.resolve("late");
      await setImmediate();
      assert.equal(breaker.state, "half-open");
    });

    it("probes outside the request that opened it, without its deadline or trace", async () => {
      mock.timers.reset();
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      try {
        const seen = Promise.withResolvers<unknown[]>();
        const look = async () => seen.resolve([currentDeadline(), trace.getActiveSpan()]);
        const { fail } = setUp({ probe: look, resetMs: 5 });
        const incoming = new IncomingMessage(new Socket());
        const ctx = new Koa<RequestState>().createContext<RequestState>(incoming, new ServerResponse(incoming));
        const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
        await requestContext(60_000, new LoopStalls())(ctx, () =>
          context.with(trace.setSpan(context.active(), span), async () => {
            assert.ok(currentDeadline());
            await fail();
          }),
        );
        assert.deepEqual(await seen.promise, [undefined, undefined]);
      } finally {
        context.disable();
      }
    });
  });

  it("does not keep the process alive, neither while open nor during a trial", async () => {
    mock.timers.reset();
    await setImmediate();
    const before = timers();
    const { breaker, fail } = setUp({ resetMs: 5 });
    await fail();
    assert.equal(timers(), before);
    await eventually("half-open", () => breaker.state === "half-open");
    const trial = call(breaker);
    assert.ok(trial.started);
    assert.equal(timers(), before);
  });

  it("clears its timers when shut down while open or during a trial", async () => {
    mock.timers.reset();
    const started = mock.method(globalThis, "setTimeout");
    // Identified by duration, because other code sets timers too.
    const ours: unknown[] = [60_017, 7, 5017];
    const left = () =>
      started.mock.calls.filter(
        ({ arguments: [, ms], result }) => ours.includes(ms) && !Reflect.get(Object(result), "_destroyed"),
      ).length;
    try {
      const { breaker, fail } = setUp({ resetMs: 60_017 });
      await fail();
      assert.equal(left(), 1);
      breaker.close();
      assert.equal(left(), 0);
      const other = setUp({ resetMs: 7, probe: () => new Promise(() => {}), probeTimeoutMs: 5017 }).breaker;
      await Promise.allSettled([other.run(down), other.run(down), other.run(down)]);
      await eventually("half-open", () => other.state === "half-open");
      assert.equal(left(), 1);
      other.close();
      assert.equal(left(), 0);
    } finally {
      started.mock.restore();
    }
  });

  it("lets all calls through after close() and does nothing else", async () => {
    let probes = 0;
    const probe = async () => {
      probes += 1;
    };
    const one = setUp({ probe });
    await one.fail();
    one.breaker.close();
    one.breaker.close();
    await one.pass(60_000);
    assert.equal(probes, 0);
    await one.fail(10);
    assert.equal(await one.breaker.run(up), "up");
    assert.deepEqual(await one.metric("breaker.state"), {});

    const other = setUp();
    await other.fail();
    await other.pass(10_000);
    const trial = call(other.breaker);
    const lines = other.log.length;
    other.breaker.close();
    trial.reject(new Problem("dependency_failed"));
    await other.pass(60_000);
    assert.equal(other.breaker.state, "closed");
    assert.equal(other.log.length, lines);
  });

  it("exports its state and calls as metrics, starting at zero", async () => {
    const { breaker, fail, pass, metric } = setUp();
    assert.deepEqual(await metric("breaker.calls"), { success: 0, failure: 0, refused: 0, ignored: 0 });
    assert.deepEqual(await metric("breaker.state"), { "": 0 });
    await breaker.run(up);
    await assert.rejects(breaker.run(() => Promise.reject(new Problem("pool_timeout"))));
    await fail(5);
    assert.deepEqual(await metric("breaker.calls"), { success: 1, failure: 3, refused: 2, ignored: 1 });
    assert.deepEqual(await metric("breaker.state"), { "": 2 });
    await pass(10_000);
    assert.deepEqual(await metric("breaker.state"), { "": 1 });
  });

  it("logs each state change but no refused call, with one warning per outage", async () => {
    const { breaker, log, fail, pass } = setUp();
    await fail(50);
    await pass(10_000);
    await fail(1);
    await pass(10_000);
    await breaker.run(up);
    assert.deepEqual(
      log.map(({ level, msg }) => [level, msg.split(":")[0]]),
      [
        ["warn", "breaker opened"],
        ["debug", "breaker half-open"],
        ["debug", "breaker opened again"],
        ["debug", "breaker half-open"],
        ["info", "breaker closed"],
      ],
    );
    assert.deepEqual(
      log.map((line) => line.breaker),
      Array(5).fill("shop"),
    );
    assert.match(JSON.stringify(log[0]?.err), /The database is unavailable/);
    assert.equal(log[4]?.downMs, 20_000);
  });

  it("adds its changes and refusals as events to the active span, but not to one that has ended", async () => {
    const events: string[] = [];
    let ended = false;
    const span = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
    span.isRecording = () => !ended;
    span.addEvent = (name, attributes) => {
      events.push(`${name} ${JSON.stringify(attributes)}`);
      return span;
    };
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    try {
      const { breaker, fail, pass } = setUp();
      const inSpan = <Result>(work: () => Result) => context.with(trace.setSpan(ROOT_CONTEXT, span), work);
      await inSpan(() => fail(4));
      await pass(10_000);
      await inSpan(() => breaker.run(up));
      const expected = ["opened", "refused", "closed"].map((event) => `breaker.${event} {"breaker":"shop"}`);
      assert.deepEqual(events, expected);
      ended = true;
      await inSpan(() => fail(4));
      assert.deepEqual(events, expected);
    } finally {
      context.disable();
    }
  });

  it("matches the reference model at every step, whatever the order of events", async () => {
    const errors = {
      failure: failing.map((type) => new Problem(type)),
      ignored: [...harmless.map((type) => new Problem(type)), new Error("a bug")],
    };
    const outcome = fc.constantFrom<Outcome>("success", "failure", "failure", "ignored");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("call" as const), times: fc.constantFrom(1, 2, 20) }),
      // Number 0 is the newest running call.
      fc.record({ kind: fc.constant("settle" as const), which: fc.nat(8), outcome }),
      fc.record({ kind: fc.constant("settle" as const), which: fc.constant(0), outcome }),
      fc.record({ kind: fc.constant("call and settle" as const), outcome, times: fc.constantFrom(1, 1, 2, 3) }),
      fc.record({ kind: fc.constant("pass" as const), tenths: fc.constantFrom(1, 4, 5, 6, 9, 10, 11, 30) }),
    );
    const rules = fc.record({
      failures: fc.integer({ min: 1, max: 4 }),
      resetMs: fc.constantFrom(1000, 2500),
      probeTimeoutMs: fc.constantFrom(500, 1200),
      probing: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(rules, fc.array(step, { maxLength: 60, size: "max" }), async ({ probing, ...rules }, steps) => {
        const works: PromiseWithResolvers<unknown>[] = [];
        const work = () => {
          const deferred = Promise.withResolvers<unknown>();
          works.push(deferred);
          return deferred.promise;
        };
        const { breaker, pass, metric, log } = setUp({ ...rules, ...(probing && { probe: work }) });
        const model = new BreakerModel({ ...rules, probing });
        const refused: unknown[] = [];
        const call = () => {
          model.call();
          breaker.run(work).catch((error) => {
            if (error instanceof Problem && error.options.retryAfterS) refused.push(error.options.retryAfterS);
          });
        };
        const settle = async (id: number | undefined, outcome: Outcome) => {
          if (id === undefined) return;
          model.settle(id, outcome);
          if (outcome === "success") works[id]?.resolve("up");
          else works[id]?.reject(errors[outcome][id % errors[outcome].length]);
          await setImmediate();
        };
        const check = () => {
          assert.equal(breaker.state, model.state);
          assert.equal(works.length, model.started);
          assert.deepEqual(refused, model.refused);
        };
        for (const one of steps) {
          if (one.kind === "pass") {
            for (let tenth = 0; tenth < one.tenths; tenth++) {
              model.pass(100);
              await pass(100);
              check();
            }
          } else if (one.kind === "settle") {
            await settle([...model.running.keys()].at(-1 - one.which), one.outcome);
          } else {
            for (let time = 0; time < one.times; time++) {
              const next = model.started;
              call();
              if (one.kind === "call and settle") await settle(model.started > next ? next : undefined, one.outcome);
            }
          }
          await setImmediate();
          check();
        }
        assert.deepEqual(await metric("breaker.calls"), model.counts);
        assert.equal(log.filter(({ level }) => level === "warn").length, model.outages);
        assert.equal(log.filter(({ level }) => level === "info").length, model.recoveries);
        breaker.close();
      }),
      { numRuns: 300 },
    );
  });
});

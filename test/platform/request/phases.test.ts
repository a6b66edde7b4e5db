import assert from "node:assert/strict";
import fc from "fast-check";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { PhaseClock, type PhaseTimes, phases, type Wait } from "../../../src/platform/request/phases.ts";

const waits = ["outbound", "query", "pool", "queue", "auth", "receive"] as const satisfies Wait[];

/** A manual clock with a simulated event loop. */
class Time {
  ms = 1000;
  readonly stalls = new LoopStalls(() => this.ms);

  constructor() {
    // The clock is manual, so no real timer may observe it.
    this.stalls.stop();
  }

  readonly now = () => this.ms;

  /** Lets time pass while the loop runs. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 10) {
      this.ms += Math.min(left, 10);
      this.stalls.observe(this.ms);
    }
  }

  /** Lets time pass while the loop is blocked. */
  block(ms: number): void {
    this.ms += ms;
  }

  clock(): PhaseClock {
    return new PhaseClock(this.stalls, this.now);
  }
}

function sum(times: PhaseTimes): number {
  return phases.reduce((total, phase) => total + times[phase], 0);
}

function nonZero(times: PhaseTimes): Partial<PhaseTimes> {
  return Object.fromEntries(Object.entries(times).filter(([, ms]) => ms > 0));
}

describe("phases", () => {
  let time: Time;
  beforeEach(() => {
    time = new Time();
  });

  it("follow one another", () => {
    const clock = time.clock();
    time.pass(1);
    for (const [wait, ms] of [
      ["auth", 2],
      ["receive", 8],
      ["queue", 30],
      ["pool", 4],
      ["query", 50],
    ] as const) {
      clock.enter(wait);
      time.pass(ms);
      clock.leave(wait);
    }
    time.pass(6);
    assert.deepEqual(nonZero(clock.end()), { auth: 2, receive: 8, queue: 30, pool: 4, query: 50, own: 7 });
  });

  it("count concurrent waits once, by precedence", () => {
    const clock = time.clock();
    clock.enter("query");
    clock.enter("query");
    time.pass(10);
    clock.enter("outbound");
    time.pass(20);
    clock.leave("query");
    clock.leave("outbound");
    time.pass(30);
    clock.enter("pool");
    time.pass(40);
    clock.leave("query");
    time.pass(50);
    clock.leave("pool");
    assert.deepEqual(nonZero(clock.end()), { query: 80, outbound: 20, pool: 50 });
  });

  it("count a stall as loop for requests that wait, and as own for the request that caused it", () => {
    const waiting = time.clock();
    const blocking = time.clock();
    waiting.enter("query");
    time.pass(20);
    time.block(300);
    blocking.enter("pool");
    time.pass(5);
    blocking.leave("pool");
    time.pass(15);
    waiting.leave("query");
    assert.deepEqual(nonZero(waiting.end()), { query: 50, loop: 290 });
    assert.deepEqual(nonZero(blocking.end()), { own: 335, pool: 5 });
  });

  it("count a stall as loop when the timer finds it first", () => {
    const clock = time.clock();
    time.block(200);
    time.pass(10);
    assert.deepEqual(nonZero(clock.end()), { loop: 200, own: 10 });
  });

  it("ignore stalls before the start and waits after the end", () => {
    time.block(500);
    const clock = time.clock();
    clock.enter("query");
    time.pass(5);
    const times = clock.end();
    clock.leave("query");
    clock.enter("outbound");
    time.pass(100);
    assert.deepEqual(clock.times(), times);
    assert.deepEqual(nonZero(times), { query: 5 });
  });

  it("match a reference model and add up to the total", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ kind: fc.constant("enter" as const), wait: fc.constantFrom(...waits) }),
      fc.record({ kind: fc.constant("leave" as const), wait: fc.constantFrom(...waits) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const t = new Time();
        const startedAt = t.ms;
        const clock = t.clock();
        const running = new Map<Wait, number>();
        const expected: Record<string, number> = {};
        for (const one of steps) {
          if (one.kind === "pass") {
            const phase = waits.find((wait) => (running.get(wait) ?? 0) > 0) ?? "own";
            expected[phase] = (expected[phase] ?? 0) + one.ms;
            t.pass(one.ms);
          } else if (one.kind === "enter") {
            running.set(one.wait, (running.get(one.wait) ?? 0) + 1);
            clock.enter(one.wait);
          } else if ((running.get(one.wait) ?? 0) > 0) {
            running.set(one.wait, (running.get(one.wait) ?? 0) - 1);
            clock.leave(one.wait);
          }
        }
        const times = clock.end();
        assert.equal(sum(times), t.ms - startedAt);
        for (const phase of phases) assert.equal(times[phase], expected[phase] ?? 0, phase);
      }),
      { numRuns: 500 },
    );
  });

  it("add up to the total and are never negative, with stalls too", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom<"pass" | "block">("pass", "block"), ms: fc.integer({ min: 0, max: 400 }) }),
      fc.record({
        kind: fc.constantFrom<"enter" | "leave">("enter", "leave"),
        wait: fc.constantFrom(...waits),
        who: fc.nat(2),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const t = new Time();
        const startedAt = t.ms;
        const clocks = [t.clock(), t.clock(), t.clock()];
        for (const one of steps) {
          if ("ms" in one) t[one.kind](one.ms);
          else clocks[one.who]?.[one.kind](one.wait);
        }
        for (const clock of clocks) {
          const times = clock.end();
          assert.ok(Math.abs(sum(times) - (t.ms - startedAt)) < 1e-6);
          for (const phase of phases) assert.ok(times[phase] >= 0, phase);
        }
      }),
      { numRuns: 500 },
    );
  });
});

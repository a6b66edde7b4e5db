import assert from "node:assert/strict";
import fc from "fast-check";
import { RetryBudget } from "../../../src/platform/http-client/retry-budget.ts";

describe("retry budget", () => {
  const steps = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 3000 }),
      calls: fc.integer({ min: 0, max: 50 }),
      tries: fc.integer({ min: 0, max: 50 }),
    }),
    { maxLength: 60 },
  );

  it("never allows more than a tenth of the calls plus one a second, over any period", () => {
    fc.assert(
      fc.property(steps, (list) => {
        let now = 0;
        const budget = new RetryBudget({ perCall: 0.1, perSecond: 1, limit: 10, now: () => now });
        const history: { at: number; calls: number; retries: number }[] = [];
        for (const { afterMs, calls, tries } of list) {
          now += afterMs;
          for (let call = 0; call < calls; call++) budget.countCall();
          let retries = 0;
          for (let tried = 0; tried < tries; tried++) if (budget.take()) retries += 1;
          history.push({ at: now, calls, retries });
          let called = 0;
          let retried = 0;
          for (const entry of history.toReversed()) {
            called += entry.calls;
            retried += entry.retries;
            const idleS = (now - entry.at) / 1000;
            // At most ten were saved when the period began, or one at the very start.
            const saved = entry === history[0] ? 1 + entry.at / 1000 : 10;
            assert.ok(retried <= saved + 0.1 * called + idleS + 1e-6, `${retried} retries of ${called} calls`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("earns one retry per ten calls and one per second", () => {
    let now = 0;
    const budget = new RetryBudget({ now: () => now });
    const taken = () => {
      let count = 0;
      while (count < 100 && budget.take()) count += 1;
      return count;
    };
    assert.equal(taken(), 1, "one at the start");
    for (let call = 0; call < 41; call++) budget.countCall();
    assert.equal(taken(), 4);
    now = 3000;
    assert.equal(taken(), 3);
    for (let call = 0; call < 10_000; call++) budget.countCall();
    assert.equal(taken(), 10, "at most ten are saved");
  });
});

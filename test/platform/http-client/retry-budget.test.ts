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

  it("never gives more than a tenth of the calls and one a second, in any stretch of time", () => {
    fc.assert(
      fc.property(steps, (list) => {
        let now = 0;
        const budget = new RetryBudget({ perCall: 0.1, perSecond: 1, most: 10, now: () => now });
        const history: { at: number; calls: number; retries: number }[] = [];
        for (const { afterMs, calls, tries } of list) {
          now += afterMs;
          for (let call = 0; call < calls; call++) budget.called();
          let retries = 0;
          for (let tried = 0; tried < tries; tried++) if (budget.take()) retries += 1;
          history.push({ at: now, calls, retries });
          let called = 0;
          let retried = 0;
          for (const entry of history.toReversed()) {
            called += entry.calls;
            retried += entry.retries;
            const idleS = (now - entry.at) / 1000;
            // At most ten were saved up when the stretch began; one, when it is the beginning of all.
            const saved = entry === history[0] ? 1 + entry.at / 1000 : 10;
            assert.ok(retried <= saved + 0.1 * called + idleS + 1e-6, `${retried} retries of ${called} calls`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("gives a retry of ten calls, and one a second without", () => {
    let now = 0;
    const budget = new RetryBudget({ now: () => now });
    const taken = () => {
      let count = 0;
      while (count < 100 && budget.take()) count += 1;
      return count;
    };
    assert.equal(taken(), 1, "one to begin with");
    for (let call = 0; call < 41; call++) budget.called();
    assert.equal(taken(), 4);
    now = 3000;
    assert.equal(taken(), 3);
    for (let call = 0; call < 10_000; call++) budget.called();
    assert.equal(taken(), 10, "no more than ten are saved up");
  });
});

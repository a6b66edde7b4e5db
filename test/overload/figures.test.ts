import assert from "node:assert/strict";
import { goodput, percentile, recoveryMs, slopeOf } from "./figures.ts";
import type { Outcome } from "./load.ts";
import type { Run } from "./measure.ts";
import { shortfalls } from "./report.ts";

/** Requests sent every 10 ms from `fromMs` until `toMs`, each answered after `ms`. */
function stream(fromMs: number, toMs: number, status: number, ms = 100): Outcome[] {
  return Array.from({ length: (toMs - fromMs) / 10 }, (_, index) => {
    return { path: "/", dueMs: fromMs + index * 10, status, ms };
  });
}

const good: Run = {
  factor: 5,
  protection: "on",
  goodput: 96,
  p50: 110,
  p99: 300,
  shedP99: 1,
  waitedP99: 252,
  recoverMs: 0,
  starvedPercent: 0,
};

describe("figures of a run", () => {
  it("counts in goodput only good responses during the load", () => {
    assert.equal(goodput(stream(0, 6000, 200), 6), 100);
    assert.equal(
      goodput([...stream(0, 6000, 200), ...stream(5950, 9000, 200)], 6),
      100,
      "without those after the load",
    );
    assert.equal(goodput(stream(0, 6000, 503), 6), 0);
    assert.equal(goodput(stream(5500, 6000, 200, 900), 6), 0);
  });

  it("measures recovery from the end of the load until requests succeed for good", () => {
    assert.equal(recoveryMs(stream(0, 4000, 200), 0), 0);
    assert.equal(recoveryMs([...stream(0, 700, 0), ...stream(700, 4000, 200)], 0), 700);
    const relapse = [...stream(0, 1500, 200), ...stream(1500, 2500, 503), ...stream(2500, 9000, 200)];
    assert.equal(recoveryMs(relapse, 0), 2500);
    assert.equal(recoveryMs(stream(0, 4000, 0), 0), 3990, "never");
    assert.equal(recoveryMs([...stream(0, 6000, 503), ...stream(6000, 9000, 200)], 6000), 0, "without the load itself");
  });

  it("takes percentiles by the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual([percentile(hundred, 50), percentile(hundred, 99), percentile(hundred, 100)], [50, 99, 100]);
    assert.equal(percentile([], 99), 0);
  });

  it("fits a line through points and returns the slope's standard error", () => {
    assert.deepEqual(slopeOf([1, 2, 3, 4].map((x) => [x, 5 + 3 * x])), { slope: 3, error: 0 });
    const { slope, error } = slopeOf([
      [0, 1],
      [1, 3],
      [2, 2],
      [3, 5],
    ]);
    assert.deepEqual([slope.toFixed(4), error.toFixed(4)], ["1.1000", "0.5196"]);
  });

  it("names each figure that misses its target, and ignores runs without protection", () => {
    assert.deepEqual(shortfalls(100, good), []);
    const bad = { goodput: 94.9, p50: 200, p99: 500, shedP99: 5, waitedP99: 260.1, recoverMs: 2001 };
    for (const [figure, value] of Object.entries(bad)) {
      const [line, ...more] = shortfalls(100, { ...good, [figure]: value });
      assert.match(line ?? "", new RegExp(`^at 5 × capacity ${figure} is `));
      assert.deepEqual(more, []);
    }
    assert.deepEqual(shortfalls(100, { ...good, ...bad, protection: "off" }), []);
  });
});

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { eventually } from "../../support/helper.ts";

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("LoopStalls", () => {
  let stalls: LoopStalls;
  let createdAt: number;
  beforeEach(() => {
    createdAt = performance.now();
    stalls = new LoopStalls();
  });
  afterEach(() => stalls.stop());

  it("adds up the time that the event loop is blocked", async () => {
    await sleep(50);
    const startedAt = performance.now();
    const before = stalls.totalMs;
    block(150);
    await eventually("a run of the timer", () => stalls.totalMs > before);
    const foundMs = stalls.totalMs - before;
    const tookMs = performance.now() - startedAt;
    assert.ok(foundMs >= 135 && foundMs <= tookMs, `${foundMs} of ${tookMs} ms`);
  });

  it("returns a stall to the first observer only", () => {
    block(100);
    const foundMs = stalls.observe(performance.now());
    const tookMs = performance.now() - createdAt;
    assert.ok(foundMs >= 85 && foundMs <= tookMs, `${foundMs} of ${tookMs} ms`);
    assert.equal(stalls.observe(performance.now()), 0);
    assert.equal(stalls.totalMs, foundMs);
  });

  it("returns the longest delay since the last call", async () => {
    await sleep(50);
    stalls.takeLongestDelayMs();
    const partsMs = [];
    for (const ms of [100, 60]) {
      const startedAt = performance.now();
      block(ms);
      await sleep(30);
      partsMs.push(performance.now() - startedAt);
    }
    const longestMs = stalls.takeLongestDelayMs();
    assert.ok(longestMs >= 85 && longestMs <= Math.max(...partsMs), `${longestMs} of ${partsMs} ms`);
    const takenAt = performance.now();
    await sleep(20);
    const afterMs = stalls.takeLongestDelayMs();
    assert.ok(afterMs <= performance.now() - takenAt, `${afterMs} ms`);
  });

  it("reports a delay once, even when asked before the timer has run", async () => {
    block(150);
    const atOnceMs = stalls.takeLongestDelayMs();
    assert.ok(atOnceMs >= 135, `${atOnceMs} ms`);
    const takenAt = performance.now();
    await sleep(30);
    const afterMs = stalls.takeLongestDelayMs();
    assert.ok(afterMs <= performance.now() - takenAt, `${afterMs} ms`);
  });

  it("reports a delay before the timer has run, even after another observer has seen the stall", () => {
    block(100);
    stalls.observe(performance.now());
    const longestMs = stalls.takeLongestDelayMs();
    const tookMs = performance.now() - createdAt;
    assert.ok(longestMs >= 85 && longestMs <= tookMs, `${longestMs} of ${tookMs} ms`);
  });
});

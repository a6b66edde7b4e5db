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
  beforeEach(() => {
    stalls = new LoopStalls();
  });
  afterEach(() => stalls.stop());

  it("adds up the time that the event loop is blocked", async () => {
    await sleep(50);
    const before = stalls.totalMs;
    block(150);
    await eventually("a run of the timer", () => stalls.totalMs > before);
    const foundMs = stalls.totalMs - before;
    assert.ok(foundMs >= 135 && foundMs < 400, `${foundMs} ms`);
  });

  it("returns a stall to the first observer only", () => {
    block(100);
    const foundMs = stalls.observe(performance.now());
    assert.ok(foundMs >= 85 && foundMs < 300, `${foundMs} ms`);
    assert.equal(stalls.observe(performance.now()), 0);
    assert.equal(stalls.totalMs, foundMs);
  });

  it("returns the longest delay since the last call", async () => {
    await sleep(50);
    stalls.takeLongestDelayMs();
    block(100);
    await sleep(30);
    block(60);
    await sleep(30);
    const longestMs = stalls.takeLongestDelayMs();
    assert.ok(longestMs >= 85 && longestMs < 300, `${longestMs} ms`);
    await sleep(20);
    const afterMs = stalls.takeLongestDelayMs();
    assert.ok(afterMs < 50, `${afterMs} ms`);
  });

  it("reports a delay once, even when asked before the timer has run", async () => {
    block(150);
    const atOnceMs = stalls.takeLongestDelayMs();
    assert.ok(atOnceMs >= 135, `${atOnceMs} ms`);
    await sleep(30);
    const afterMs = stalls.takeLongestDelayMs();
    assert.ok(afterMs < 135, `${afterMs} ms`);
  });

  it("reports a delay before the timer has run, even after another observer has seen the stall", () => {
    block(100);
    stalls.observe(performance.now());
    const longestMs = stalls.takeLongestDelayMs();
    assert.ok(longestMs >= 85 && longestMs < 300, `${longestMs} ms`);
  });
});

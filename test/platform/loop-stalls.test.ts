import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { LoopStalls } from "../../src/platform/loop-stalls.ts";
import { eventually } from "../helper.ts";

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

  it("adds up what the real loop stood still", async () => {
    await sleep(50);
    const before = stalls.totalMs;
    block(150);
    await eventually("the timer has run", () => stalls.totalMs > before);
    const foundMs = stalls.totalMs - before;
    assert.ok(foundMs >= 135 && foundMs < 400, `${foundMs} ms`);
  });

  it("gives it to who looks first, and once", () => {
    block(100);
    const foundMs = stalls.observe(performance.now());
    assert.ok(foundMs >= 85 && foundMs < 300, `${foundMs} ms`);
    assert.equal(stalls.observe(performance.now()), 0);
    assert.equal(stalls.totalMs, foundMs);
  });
});

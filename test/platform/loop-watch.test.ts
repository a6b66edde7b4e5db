import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { CpuWatch } from "../../src/platform/cpu-watch.ts";
import { LoopWatch } from "../../src/platform/loop-watch.ts";
import { silent } from "../helper.ts";

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("LoopWatch", () => {
  it("sheds from its delay on, until it is under half of it", () => {
    let delayMs = 0;
    const watch = new LoopWatch({ shedDelayMs: 200, read: () => delayMs }, silent);
    const shedding = [199, 200, 100, 99, 150].map((reading) => {
      delayMs = reading;
      watch.sample();
      return watch.shedding;
    });
    assert.deepEqual(shedding, [false, true, true, false, false]);
  });

  it("sees a loop that is really blocked, and that it is free again", async () => {
    const watch = new LoopWatch({ shedDelayMs: 150 }, silent);
    await sleep(50);
    watch.sample();
    await sleep(50);
    block(300);
    await sleep(20);
    watch.sample();
    assert.ok(watch.delayMs > 200, `${watch.delayMs} ms`);
    assert.equal(watch.shedding, true);
    await sleep(200);
    watch.sample();
    assert.equal(watch.shedding, false);
  });
});

describe("CpuWatch", () => {
  it("is the CPU time between two samples in percent of one core", () => {
    const readings = [
      { usedUs: 0, atMs: 0 },
      { usedUs: 500_000, atMs: 1000 },
      { usedUs: 2_000_000, atMs: 2000 },
      { usedUs: 2_000_000, atMs: 2000 },
    ];
    const watch = new CpuWatch(() => readings.shift() ?? { usedUs: 0, atMs: 0 });
    const percents = [1, 2, 3].map(() => {
      watch.sample();
      return watch.percent;
    });
    assert.deepEqual(percents, [50, 150, 150]);
  });
});

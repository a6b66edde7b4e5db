import assert from "node:assert/strict";
import { pino } from "pino";
import { MemoryWatch, memoryLimit, memoryPercent } from "../../../src/platform/overload/memory-watch.ts";
import { type LogLine, silent } from "../../support/helper.ts";

function setUp(collect?: () => void) {
  const reading = { heapUsed: 10, heapLimit: 100, rss: 20, limit: 200 };
  let nowMs = 0;
  const log: LogLine[] = [];
  const logger = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => log.push(JSON.parse(line)) },
  );
  const watch = new MemoryWatch(
    { warnPercent: 80, shedPercent: 90, read: () => ({ ...reading }), collect, now: () => nowMs },
    logger,
  );
  return {
    watch,
    log,
    sample(changes: Partial<typeof reading>, afterMs = 1000) {
      nowMs += afterMs;
      Object.assign(reading, changes);
      watch.sample();
    },
  };
}

describe("MemoryWatch", () => {
  it("reports heap or process memory, whichever is closer to its limit", () => {
    const { watch, sample } = setUp();
    assert.equal(watch.percent, 10);
    sample({ rss: 100 });
    assert.equal(watch.percent, 50);
    sample({ heapUsed: 60 });
    assert.equal(watch.percent, 60);
  });

  it("caps the percentage at 100", () => {
    assert.equal(memoryPercent({ heapUsed: 110, heapLimit: 100, rss: 1, limit: 200 }), 100);
  });

  it("logs once when memory runs short, and once when it is back to normal", () => {
    const { watch, log, sample } = setUp();
    for (const heapUsed of [79, 80, 85, 76, 81]) sample({ heapUsed });
    assert.deepEqual(
      log.map((line) => line.msg),
      ["memory is running short"],
    );
    assert.equal(log[0]?.percent, 80);
    assert.equal(watch.warning, true);
    for (const heapUsed of [74, 79]) sample({ heapUsed });
    assert.deepEqual(
      log.map((line) => line.msg),
      ["memory is running short", "memory is back to normal"],
    );
    assert.equal(watch.warning, false);
  });

  it("sheds from 90 percent until it falls below 85", () => {
    const { watch, sample } = setUp();
    const shedding = [89, 90, 85, 84].map((heapUsed) => {
      sample({ heapUsed });
      return watch.shedding;
    });
    assert.deepEqual(shedding, [false, true, true, false]);
  });

  it("collects garbage while memory is short, at most every 30 s", () => {
    let collections = 0;
    const { sample } = setUp(() => {
      collections += 1;
    });
    sample({ heapUsed: 79 });
    assert.equal(collections, 0);
    for (let second = 0; second < 61; second++) sample({ heapUsed: 85 });
    assert.equal(collections, 3);
  });

  it("uses the container's limit if it has one", () => {
    const unlimited = 2 ** 63 - 4096;
    assert.deepEqual(
      [512, 0, 1024, unlimited].map((constrained) => memoryLimit(constrained, 1024)),
      [512, 1024, 1024, 1024],
    );
  });

  it("reads the memory of this process", () => {
    const watch = new MemoryWatch({ warnPercent: 80, shedPercent: 90 }, silent);
    watch.sample();
    assert.ok(watch.percent > 0 && watch.percent < 80, `${watch.percent} %`);
  });
});

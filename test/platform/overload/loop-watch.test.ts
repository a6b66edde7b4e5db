import assert from "node:assert/strict";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { metrics } from "@opentelemetry/api";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { pino } from "pino";
import { CpuWatch } from "../../../src/platform/overload/cpu-watch.ts";
import { LoopWatch } from "../../../src/platform/overload/loop-watch.ts";
import { LoopStalls } from "../../../src/platform/request/loop-stalls.ts";
import { OnDemandReader } from "../../../src/platform/telemetry/metric-readers.ts";
import { eventually, type LogLine, silent } from "../../support/helper.ts";

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("LoopWatch", () => {
  let stalls: LoopStalls;
  beforeEach(() => {
    stalls = new LoopStalls();
  });
  afterEach(() => stalls.stop());

  const watchLoop = () => new LoopWatch({ shedDelayMs: 150, read: () => stalls.takeLongestDelayMs() }, silent);

  it("sheds from its threshold until the delay falls below half of it", () => {
    let delayMs = 0;
    const watch = new LoopWatch({ shedDelayMs: 200, read: () => delayMs }, silent);
    const shedding = [199, 200, 100, 99, 150].map((reading) => {
      delayMs = reading;
      watch.sample();
      return watch.shedding;
    });
    assert.deepEqual(shedding, [false, true, true, false, false]);
  });

  it("notices a blocked event loop and its recovery", async () => {
    const watch = watchLoop();
    await sleep(50);
    watch.sample();
    await sleep(50);
    block(300);
    await sleep(20);
    watch.sample();
    assert.ok(watch.delayMs > 200, `${watch.delayMs} ms`);
    assert.equal(watch.shedding, true);
    await eventually("its recovery", () => {
      watch.sample();
      return !watch.shedding;
    });
  });

  it("notices every block that lasts longer than the sample interval", async () => {
    const watch = watchLoop();
    for (let round = 0; round < 4; round++) {
      block(200);
      await nextTurn();
      watch.sample();
      assert.ok(watch.delayMs > 150, `${watch.delayMs} ms in round ${round}`);
    }
    assert.equal(watch.shedding, true);
  });

  it("logs once when the loop is late, and once when it is on time again", () => {
    const log: LogLine[] = [];
    const logger = pino({ base: null }, { write: (line: string) => log.push(JSON.parse(line)) });
    const readings = [250, 300, 150, 250, 90, 120];
    const watch = new LoopWatch({ shedDelayMs: 200, read: () => readings.shift() ?? 0 }, logger);
    for (let sample = 0; sample < 6; sample++) watch.sample();
    assert.deepEqual(
      log.map((line) => [line.msg, line.delayMs]),
      [
        ["the event loop is late", 250],
        ["the event loop is on time again", 90],
      ],
    );
  });
});

describe("CpuWatch", () => {
  it("reports CPU time between two samples in percent of one core", () => {
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

  it("exports process.cpu.time in seconds, by mode", async () => {
    metrics.disable();
    const reader = new OnDemandReader();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    new CpuWatch();
    const before = process.cpuUsage();
    const { resourceMetrics } = await reader.collect();
    const after = process.cpuUsage();
    metrics.disable();
    const [time] = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    assert.equal(time?.descriptor.name, "process.cpu.time");
    assert.equal(time.descriptor.unit, "s");
    const seconds = new Map(time.dataPoints.map(({ attributes, value }) => [attributes["cpu.mode"], Number(value)]));
    assert.deepEqual([...seconds.keys()], ["user", "system"]);
    for (const mode of ["user", "system"] as const) {
      const value = seconds.get(mode) ?? Number.NaN;
      assert.ok(value >= before[mode] / 1e6 && value <= after[mode] / 1e6, `${mode}: ${value} s`);
    }
  });
});

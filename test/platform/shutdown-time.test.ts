import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { shutdownTime, within } from "../../src/platform/shutdown-time.ts";

describe("the shutdown time", () => {
  it("reserves 2 of 10 s after requests, 1 s after connections, and some for the log", () => {
    let nowMs = 5000;
    const time = shutdownTime(10_000, () => nowMs);
    assert.equal(time.requestsMs(), 7750);
    nowMs += 7750;
    assert.equal(time.connectionsMs(), 1000);
    nowMs += 200;
    assert.equal(time.telemetryMs(), 1800);
  });

  it("leaves telemetry its share when earlier steps overrun theirs", () => {
    let nowMs = 0;
    const time = shutdownTime(1000, () => nowMs);
    nowMs += time.requestsMs();
    assert.equal(time.requestsMs(), 0);
    nowMs += time.connectionsMs();
    assert.ok(time.telemetryMs() >= 100);
    nowMs += 500;
    assert.deepEqual([time.requestsMs(), time.connectionsMs(), time.telemetryMs()], [0, 0, 0]);
  });

  it("does not wait for a step that takes longer", async () => {
    const ending = new AbortController();
    const late = sleep(60_000, undefined, { signal: ending.signal }).catch(() => {});
    const startedAt = performance.now();
    await within(50, late);
    assert.ok(performance.now() - startedAt < 30_000);
    ending.abort();
  });

  it("rejects when a step fails", async () => {
    await assert.rejects(within(1000, Promise.reject(new Error("no"))), /no/);
  });
});

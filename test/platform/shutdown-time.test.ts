import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { shutdownTime, within } from "../../src/platform/shutdown-time.ts";

describe("the time to stop", () => {
  it("is shared: requests leave 2 s of 10, connections leave one of them, and the last lines have their share too", () => {
    let nowMs = 5000;
    const time = shutdownTime(10_000, () => nowMs);
    assert.equal(time.requestsMs(), 7750);
    nowMs += 7750;
    assert.equal(time.connectionsMs(), 1000);
    nowMs += 200;
    assert.equal(time.telemetryMs(), 1800);
  });

  it("leaves telemetry its share when the steps before took longer than theirs", () => {
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
    assert.ok(performance.now() - startedAt < 5000);
    ending.abort();
  });

  it("tells of a step that failed", async () => {
    await assert.rejects(within(1000, Promise.reject(new Error("no"))), /no/);
  });
});

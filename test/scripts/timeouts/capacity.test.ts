import assert from "node:assert/strict";
import { findCapacity } from "../../../scripts/timeouts/load/capacity.ts";
import { endpoint, load } from "./figures.ts";

/** Models a service that serves a fixed number of requests a second and refuses the rest at once. */
function model(capacity: number, lateMs = 0) {
  const asked: number[] = [];
  const run = async (perSecond: number) => {
    asked.push(perSecond);
    const good = Math.min(perSecond, capacity) * 10;
    const total = endpoint({ sent: perSecond * 10, refusedBy: { queue_full: perSecond * 10 - good } });
    const late = { p50Ms: lateMs, p95Ms: lateMs, p99Ms: lateMs, maxMs: lateMs };
    return { ...load(), total, generator: { late, inFlightMax: 1, heldBack: 0, unfinished: 0 } };
  };
  return { run, asked };
}

const { signal } = new AbortController();

describe("the search for the capacity", () => {
  it("finds the capacity within 10 %, at any size", async () => {
    for (const capacity of [30, 97, 260, 1000, 4000]) {
      const { run, asked } = model(capacity);
      const found = await findCapacity(run, load(), { stop: signal });
      assert.equal(found.endedBy, "service");
      // Refusing 2 % still holds.
      assert.ok(
        found.perSecond <= capacity * 1.03 && found.perSecond >= capacity * 0.9,
        `${found.perSecond} of ${capacity}`,
      );
      assert.ok(asked.length <= 13, `${asked.length} steps`);
    }
  });

  it("ends when requests become slow", async () => {
    const run = async (perSecond: number) => {
      const ms = perSecond > 300 ? 900 : 20;
      return load({ latency: { p50Ms: ms, p95Ms: ms, p99Ms: ms, maxMs: ms } });
    };
    const { perSecond } = await findCapacity(run, load(), { stop: signal });
    assert.ok(perSecond <= 300 && perSecond >= 270, `${perSecond}`);
  });

  it("is bounded in rate and time, and detects a late generator", async () => {
    const endless = await findCapacity(model(1e9).run, load(), { stop: signal });
    assert.deepEqual([endless.perSecond, endless.endedBy], [6400, "highest rate"]);
    let now = 0;
    const clock = () => (now += 40_000);
    assert.equal((await findCapacity(model(1e9).run, load(), { stop: signal, now: clock })).endedBy, "time");
    assert.equal((await findCapacity(model(1e9, 200).run, load(), { stop: signal })).endedBy, "generator");
  });

  it("repeats a rate before it counts as not held", async () => {
    const { run } = model(260);
    let hiccup = true;
    const found = await findCapacity(
      async (perSecond) => {
        if (perSecond !== 50 || !hiccup) return run(perSecond);
        hiccup = false;
        return load({ refusedBy: { shed: 900 } });
      },
      load(),
      { stop: signal },
    );
    assert.ok(!hiccup && found.perSecond >= 234, `${found.perSecond}`);
  });

  it("reports when even the lowest rate does not hold", async () => {
    const found = await findCapacity(model(5).run, load(), { stop: signal });
    assert.deepEqual([found.perSecond, found.endedBy, found.steps.length], [25, "nothing held", 1]);
  });

  it("compares with the idle service: requests that fail there too do not end it", async () => {
    const failing = { errorsBy: { internal: 500 } };
    const run = async (perSecond: number) => load(perSecond > 100 ? { errorsBy: { internal: 900 } } : failing);
    const { perSecond } = await findCapacity(run, load(failing), { stop: signal });
    assert.ok(perSecond >= 90 && perSecond <= 100, `${perSecond}`);
  });
});

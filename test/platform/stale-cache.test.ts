import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { StaleCache } from "../../src/platform/stale-cache.ts";

function setUp(maxEntries = 10) {
  let nowMs = 1000;
  let loads = 0;
  let failing = false;
  const cache = new StaleCache<number>({ freshMs: 100, staleMs: 1000, maxEntries, now: () => nowMs });
  return {
    get: (key = "key") =>
      cache.get(key, async () => {
        loads += 1;
        const value = loads;
        await setImmediate();
        if (failing) throw new Error("load failed");
        return value;
      }),
    pass(ms: number) {
      nowMs += ms;
    },
    fail(on: boolean) {
      failing = on;
    },
    loads: () => loads,
  };
}

describe("StaleCache", () => {
  it("loads once, then serves what it has while it is fresh", async () => {
    const { get, pass, loads } = setUp();
    assert.deepEqual(await get(), { value: 1, ageMs: 0, state: "miss" });
    pass(99);
    assert.deepEqual(await get(), { value: 1, ageMs: 99, state: "hit" });
    assert.equal(loads(), 1);
  });

  it("runs one load for many that ask at the same time", async () => {
    const { get, loads } = setUp();
    const all = await Promise.all(Array.from({ length: 100 }, () => get()));
    assert.ok(all.every(({ value }) => value === 1));
    assert.equal(loads(), 1);
  });

  it("serves a stale value at once and refreshes it behind, once", async () => {
    const { get, pass, loads } = setUp();
    await get();
    pass(500);
    const [first, second] = await Promise.all([get(), get()]);
    assert.deepEqual([first, second], Array(2).fill({ value: 1, ageMs: 500, state: "stale" }));
    await setImmediate();
    await setImmediate();
    assert.equal(loads(), 2);
    assert.deepEqual(await get(), { value: 2, ageMs: 0, state: "hit" });
  });

  it("waits for the refresh of a value that is too old", async () => {
    const { get, pass } = setUp();
    await get();
    pass(1101);
    assert.deepEqual(await get(), { value: 2, ageMs: 0, state: "miss" });
  });

  it("serves what it has, however old, when it cannot be refreshed, and recovers", async () => {
    const { get, pass, fail } = setUp();
    await get();
    fail(true);
    pass(50_000);
    assert.deepEqual(await get(), { value: 1, ageMs: 50_000, state: "stale" });
    fail(false);
    assert.equal((await get()).state, "miss");
  });

  it("passes the error on when there is nothing to serve, and does not keep it", async () => {
    const { get, fail } = setUp();
    fail(true);
    await assert.rejects(get(), /load failed/);
    fail(false);
    assert.equal((await get()).value, 2);
  });

  it("keeps no more than its entries", async () => {
    const { get, loads } = setUp(2);
    for (const key of ["a", "b", "c", "a"]) await get(key);
    assert.equal(loads(), 4);
  });
});

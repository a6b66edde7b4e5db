import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { RequestDeadline } from "../../../src/platform/request/deadline.ts";
import { Problem } from "../../../src/platform/request/problem.ts";
import type { Background } from "../../../src/platform/request/scope.ts";
import { currentDeadline, inRequest } from "../../../src/platform/request/scope.ts";
import { StaleCache } from "../../../src/platform/request/stale-cache.ts";
import { followRequests } from "../../../src/platform/telemetry/follow-requests.ts";
import { eventually } from "../../support/helper.ts";

const runNow: Background = (work) => work();

function setUp({ maxEntries = 10, maxBytes = 1e6, sizeOf = (): number => 8, background = runNow } = {}) {
  let nowMs = 1000;
  let loads = 0;
  let failing = false;
  const cache = new StaleCache<number>({
    freshMs: 100,
    staleMs: 1000,
    maxEntries,
    maxBytes,
    sizeOf,
    background,
    now: () => nowMs,
  });
  return {
    cache,
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
  it("loads once, then serves the value while it is fresh", async () => {
    const { get, pass, loads } = setUp();
    assert.deepEqual(await get(), { value: 1, ageMs: 0, state: "miss" });
    pass(99);
    assert.deepEqual(await get(), { value: 1, ageMs: 99, state: "hit" });
    assert.equal(loads(), 1);
  });

  it("shares one load among concurrent requests", async () => {
    const { get, loads } = setUp();
    const all = await Promise.all(Array.from({ length: 100 }, () => get()));
    assert.ok(all.every(({ value }) => value === 1));
    assert.equal(loads(), 1);
  });

  it("serves a stale value at once and refreshes it once in the background", async () => {
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

  it("serves a value of any age when the refresh fails, and recovers", async () => {
    const { get, pass, fail } = setUp();
    await get();
    fail(true);
    pass(50_000);
    assert.deepEqual(await get(), { value: 1, ageMs: 50_000, state: "stale" });
    fail(false);
    assert.equal((await get()).state, "miss");
  });

  it("rejects with the load's error when there is no value, and does not cache the error", async () => {
    const { get, fail } = setUp();
    fail(true);
    await assert.rejects(get(), /load failed/);
    fail(false);
    assert.equal((await get()).value, 2);
  });

  describe("when requests end", () => {
    const gone = new Problem("client_closed");
    /** A load that heeds its deadline, as queries do. `failures` holds the errors of loads. */
    function loader() {
      const loads: PromiseWithResolvers<number>[] = [];
      const failures: unknown[] = [];
      const load = () => {
        const one = Promise.withResolvers<number>();
        const number = loads.push(one);
        const stop = currentDeadline()?.stop;
        stop?.addEventListener("abort", () => one.reject(stop.reason));
        return one.promise.then(
          () => number,
          (error: unknown) => {
            failures.push(error);
            throw error;
          },
        );
      };
      return { loads, failures, load };
    }
    function request() {
      const deadline = new RequestDeadline(undefined);
      const inside = (work: () => Promise<unknown>) => inRequest({ deadline }, context.active(), work);
      return { deadline, inside };
    }
    before(followRequests);

    it("aborts a load once no request waits for it", async () => {
      const { loads, failures, load } = loader();
      const { cache } = setUp();
      const [first, second] = [request(), request()];
      const both = [first, second].map(({ inside }) => inside(() => cache.get("key", load)));
      const rejected = both.map((waiting) => assert.rejects(waiting, gone));
      first.deadline.abort(gone);
      await rejected[0];
      assert.deepEqual(failures, [], "one still waits");
      second.deadline.abort(gone);
      await rejected[1];
      assert.deepEqual([loads.length, failures], [1, [gone]]);
    });

    it("continues a load for the others when the request that started it ends", async () => {
      const { loads, load } = loader();
      const { cache } = setUp();
      const [first, second] = [request(), request()];
      const left = assert.rejects(
        first.inside(() => cache.get("key", load)),
        gone,
      );
      const stayed = second.inside(() => cache.get("key", load));
      first.deadline.abort(gone);
      await left;
      loads[0]?.resolve(1);
      assert.deepEqual(await stayed, { value: 1, ageMs: 0, state: "miss" });
    });

    it("loads nothing for a request that has already ended", async () => {
      const { loads, load } = loader();
      const { cache } = setUp();
      const { deadline, inside } = request();
      deadline.abort(gone);
      await assert.rejects(
        inside(() => cache.get("key", load)),
        gone,
      );
      assert.equal(loads.length, 0);
    });

    it("loads again for a request that joins just as all others end", async () => {
      const { loads, load } = loader();
      const { cache } = setUp();
      const [first, second] = [request(), request()];
      const left = assert.rejects(
        first.inside(() => cache.get("key", load)),
        gone,
      );
      first.deadline.abort(gone);
      const late = second.inside(() => cache.get("key", load));
      await left;
      await eventually("another load", () => loads.length === 2);
      loads[1]?.resolve(2);
      assert.deepEqual(await late, { value: 2, ageMs: 0, state: "miss" });
    });
  });

  it("keeps at most maxEntries entries", async () => {
    const { get, loads } = setUp({ maxEntries: 2 });
    for (const key of ["a", "b", "c", "a"]) await get(key);
    assert.equal(loads(), 4);
  });

  it("keeps at most maxBytes bytes, keys included", async () => {
    const sizeOf = () => 1000;
    const { get, loads } = setUp({ maxBytes: 4000, sizeOf });
    for (const key of ["a", "b", "c", "b", "c"]) await get(key);
    assert.equal(loads(), 3, "two entries fit");
    await get("a");
    assert.equal(loads(), 4, "the third did not fit");
    const long = setUp({ maxBytes: 4000, sizeOf });
    for (const key of ["x".repeat(800), "y".repeat(800), "x".repeat(800)]) await long.get(key);
    assert.equal(long.loads(), 3);
  });

  it("serves a value that is too large to keep, also after a refresh", async () => {
    let bytes = 10_000;
    const { get, loads, pass } = setUp({ maxBytes: 4000, sizeOf: () => bytes });
    assert.deepEqual([(await get()).value, (await get()).value], [1, 2]);
    bytes = 100;
    await get();
    bytes = 10_000;
    pass(500);
    assert.deepEqual(await get(), { value: 3, ageMs: 500, state: "stale" });
    await setImmediate();
    await setImmediate();
    assert.equal((await get()).value, 5);
    assert.equal(loads(), 5);
  });

  it("returns a loaded value even if its entry has been evicted", async () => {
    const { get } = setUp({ maxEntries: 1 });
    const values = await Promise.all(["a", "b", "c"].map((key) => get(key)));
    assert.deepEqual(
      values.map(({ value }) => value),
      [1, 2, 3],
    );
  });

  it("uses the background only for refreshes that no request waits for, and serves stale if refused", async () => {
    let asked = 0;
    let refusing = false;
    const background: Background = async (work) => {
      asked += 1;
      if (refusing) throw new Error("no slot");
      return work();
    };
    const { get, pass, loads } = setUp({ background });
    await get();
    pass(1101);
    await get();
    assert.deepEqual([asked, loads()], [0, 2], "requests wait for these loads");
    pass(500);
    refusing = true;
    for (let time = 0; time < 3; time++) {
      assert.equal((await get()).state, "stale");
      await setImmediate();
    }
    assert.deepEqual([asked, loads()], [3, 2]);
    refusing = false;
    await get();
    await setImmediate();
    await setImmediate();
    assert.equal((await get()).state, "hit");
  });
});

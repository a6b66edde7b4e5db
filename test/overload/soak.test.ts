// The short form of soak.ts: long enough to see an object that is kept of each request.
import assert from "node:assert/strict";
import { description, growthOf, type Soak, soak } from "./soak.ts";

describe("growth in a soak", () => {
  const resources = { heapBytes: 5e7, sockets: 0, connections: 10, waiting: 0, listeners: 16, timers: 1, active: 16 };
  const flat: Soak = {
    seconds: 60,
    capacity: 97,
    slope: 150,
    error: 30,
    first: 48_000,
    last: 48_150,
    samples: 30,
    before: resources,
    after: { ...resources, connections: 5, active: 11 },
  };

  it("is a heap that grows by more than can be chance, and any count that is higher than before", () => {
    assert.deepEqual(growthOf(flat), []);
    assert.deepEqual(growthOf({ ...flat, slope: 161 }), ["the heap grows by 161 ± 30 kB a minute, not 100 at most"]);
    for (const what of ["sockets", "connections", "listeners", "timers", "active"] as const) {
      const after = { ...flat.after, [what]: resources[what] + 1 };
      assert.deepEqual(growthOf({ ...flat, after }), [
        `${what} went from ${resources[what]} to ${resources[what] + 1}`,
      ]);
    }
  });
});

describe("a minute at a little more than the capacity", function () {
  this.timeout(180_000);
  // As in report.ts: a neighbour on the machine can only make it look worse.
  this.retries(1);

  it("leaves the service as it was: heap, sockets, connections, listeners, timers", async () => {
    const result = await soak(60);
    console.log(description(result));
    assert.deepEqual(growthOf(result), []);
  });
});
